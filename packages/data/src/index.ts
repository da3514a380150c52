/**
 * Dataset readers, a check for what is wrong in a data set, transforms, and batches.
 *
 * @module @dn-detr/data
 */
export { type CheckOptions, checkDataset, type DatasetReport } from './check.ts';
export { type ExportOptions, exportCoco } from './coco-export.ts';
export type { Category, CategoryIds, Dataset, DatasetImage, ImageObjects, RgbImage } from './dataset.ts';
export { decoderVersions, decodingVersion } from './decoders.ts';
export { DataError } from './error.ts';
export { describeFault, ImageError, kindOfFault } from './image-error.ts';
export { FileImage } from './image-file.ts';
export { readExtensions, refusedFormatOf } from './image-formats.ts';
export type { Batch, Images, ImageView, LoadContent } from './loader/batch.ts';
export { ImageCache } from './loader/cache.ts';
export {
  type EvaluationBatch,
  type EvaluationBatchesOptions,
  evaluationBatches,
  type LoadingOptions,
  type TrainingBatch,
  type TrainingBatches,
  type TrainingBatchesOptions,
  trainingBatches,
} from './loader/loader.ts';
export { type LooseImages, looseImages } from './loose-images.ts';
export { type FolderDataset, type OpenedDataset, type OpenOptions, openDataset } from './open.ts';
export { canDrawText, type PictureOptions, picture, thumbnail } from './picture.ts';
export { checkPixelOptions, defaultMaxPixels, type PixelOptions } from './pixel-options.ts';
export {
  type Effect,
  firstOfEachKind,
  type Problem,
  type ProblemKind,
  problemKinds,
  problemsByKind,
} from './problem.ts';
export { type AnnotatedObject, packObjects } from './readers/annotated-objects.ts';
export type { DatasetReader, ReaderOption } from './readers/dataset-reader.ts';
export type { Folder } from './readers/folder.ts';
export { type Reading, type ReadSplits, type SplitName, splitNames } from './readers/read-splits.ts';
export type { ReaderOptions } from './readers/reader-options.ts';
export {
  datasetReaders,
  type FolderFormat,
  type FolderReader,
  folderFormats,
  readerOptions,
  readerOptionsOf,
} from './readers/readers.ts';
export { decodeText } from './readers/text.ts';
export { type ShapeClass, shapeClasses } from './shapes/classes.ts';
export type { Between, ShapesOptions } from './shapes/options.ts';
export { shapesDataset } from './shapes/shapes.ts';
export { splitCategories } from './split-categories.ts';
export { type SplitSummary, type Spread, summarise } from './summary.ts';
export { cutToBytes, temporaryNames, temporaryNameWriter } from './temporary-name.ts';
export { type TrainingObjects, trainingObjects } from './training-objects.ts';
export { type Augmentation, detrTransforms, type RandomCrop } from './transforms/augmentation.ts';
export { type Framing, type LongSideCanvas, smallestCanvas } from './transforms/framing.ts';
export type { ColorJitter } from './transforms/jitter.ts';
export type { Normalization } from './transforms/normalize.ts';
export { renderView } from './transforms/render.ts';
export {
  boxesInImage,
  objectsInView,
  type Rectangle,
  type Size,
  type View,
  wholeView,
} from './transforms/view.ts';
export { sizeOfWholeImage } from './whole-image.ts';
