/** Opens the images of a run as its configuration describes them. */
import { createHash } from 'node:crypto';
import type { Backbone } from '@dn-detr/core';
import {
  type Dataset,
  type DatasetImage,
  type DatasetReader,
  datasetReaders,
  decodingVersion,
  type EvaluationBatchesOptions,
  firstOfEachKind,
  ImageCache,
  type Images,
  type LoadContent,
  type OpenOptions,
  openDataset,
  type PixelOptions,
  type Problem,
  problemKinds,
  problemsByKind,
  type Size,
  shapesDataset,
  type TrainingBatches,
  trainingBatches,
  trainingObjects,
} from '@dn-detr/data';
import type { RunConfig } from './config/schema.ts';
import { UserError } from './user-error.ts';

/** A data set, and a line for each finding from opening it. */
export interface OpenedData {
  readonly dataset: Dataset;
  readonly notices: readonly string[];
  readonly problems: readonly Problem[];
}

/** The images that a run is trained and evaluated on. */
export interface RunData extends Omit<OpenedData, 'problems'> {
  readonly train: readonly DatasetImage[];
  /** Images to evaluate; with `overfit` the training images. */
  readonly val: readonly DatasetImage[];
}

/** The settings that decide which images a run is trained and evaluated on. */
export type RunDataSettings = Pick<RunConfig, 'data' | 'overfit' | 'evaluation'>;

/**
 * Opens the images of a run.
 *
 * @throws DataError if the data cannot be used
 * @throws UserError if there is nothing to train or to evaluate on
 */
export const openRunData = async (config: RunDataSettings, readers?: readonly DatasetReader[]): Promise<RunData> =>
  runDataOf(await openData(config.data, readers), config);

/**
 * Selects the images of a data set that a run is trained and evaluated on.
 *
 * @throws UserError if there is nothing to train or to evaluate on
 */
export function runDataOf(
  { dataset, notices, problems }: OpenedData,
  { data, overfit, evaluation }: RunDataSettings,
): RunData {
  const { train, val } = dataset;
  const refuse = (what: string): never => {
    throw new UserError(`${data.source} has no ${what}${firstOfEachKind(problems)}`);
  };
  if (train.length === 0) refuse('training images');
  if (!train.some((image) => trainingObjects(image).labels.length > 0)) {
    refuse('training images with an object that training uses');
  }
  if (overfit > 0) {
    const few = train.slice(0, overfit);
    return { dataset, train: few, val: few, notices };
  }
  if (val.length === 0) refuse('validation images');
  return { dataset, train, val: evaluation.images > 0 ? val.slice(0, evaluation.images) : val, notices };
}

/**
 * Opens the data set of a configuration.
 *
 * @throws DataError if the data cannot be used
 */
export async function openData(
  data: RunConfig['data'],
  readers: readonly DatasetReader[] = datasetReaders,
): Promise<OpenedData> {
  if (data.source === 'shapes') return { dataset: shapesDataset(data.shapes), notices: [], problems: [] };
  return openFolder(data.source, openOptionsOf(data, readers));
}

/** The options with which a run's settings read a folder. */
export function openOptionsOf(
  data: RunConfig['data'],
  readers: readonly DatasetReader[] = datasetReaders,
): OpenOptions<DatasetReader> {
  const { format, valFraction } = data;
  const names = readers.flatMap((reader) => Object.keys({ ...reader.options }));
  const own = Object.fromEntries(Object.entries(data).filter(([name]) => names.includes(name)));
  return { readers, ...(format && { format }), valFraction, ...own, pixels: pixelsOf(data) };
}

/** The options with which a run's settings decode image files. */
export const pixelsOf = ({ bands, maxPixels }: RunConfig['data']): PixelOptions => ({
  ...(bands && { bands }),
  maxPixels,
});

/**
 * Opens a folder, and adds a notice that counts the problems found in it.
 *
 * @throws DataError if the data cannot be used
 */
export async function openFolder(source: string, options: OpenOptions<DatasetReader>): Promise<OpenedData> {
  const { dataset, notices, problems } = await openDataset(source, options);
  const counts = (['refuse', 'drop', 'change'] as const).flatMap((effect) => {
    const kinds = problemsByKind(problems).filter(([kind]) => problemKinds[kind].effect === effect);
    const list = kinds.map(([kind, found]) => `${problemKinds[kind].title} (${found.length})`);
    return list.length === 0 ? [] : [`${consequences[effect]}: ${list.join(', ')}`];
  });
  const advice = `${source}: ${counts.join('; ')}. A data check names them all`;
  return { dataset, notices: counts.length === 0 ? notices : [...notices, advice], problems };
}

/** Words for the consequences of problems. */
const consequences = {
  refuse: 'training cannot use',
  drop: 'left out',
  change: 'used with changes',
} as const;

/** The images of all splits. */
export const allImages = ({ train, val, test }: Dataset): readonly DatasetImage[] => [...train, ...val, ...test];

/**
 * Options for loading batches for training and evaluation, which share a cache of decoded images.
 *
 * @param backbone the backbone that sees the images
 * @param framed the images for which a `longSide` canvas is sized: those of all splits
 * @param load loads other contents in place of images
 */
export function loadersOf<Content = Images>(
  config: Pick<RunConfig, 'data' | 'batchSize' | 'seed' | 'overfit'>,
  { normalization }: Pick<Backbone, 'normalization'>,
  framed: readonly Size[],
  load?: LoadContent<Content>,
): {
  /** Loads batches of these images for training. */
  readonly training: (images: readonly DatasetImage[]) => TrainingBatches<Content>;
  readonly evaluation: EvaluationBatchesOptions<Content>;
} {
  const { canvas, scales, evaluationScale, maxSize, augmentation, cacheMiB } = config.data;
  const { flip, crop, jitter } = augmentation;
  const common = {
    batchSize: config.batchSize,
    normalization,
    canvas: 'longSide' in canvas ? { ...canvas, images: framed } : canvas,
    cache: new ImageCache(cacheMiB * 2 ** 20),
    ...(maxSize !== null && { maxSize }),
    ...(load && { load }),
  };
  const augmented = { flip, jitter, ...(crop && { crop }) };
  return {
    training: (images) =>
      trainingBatches(images, {
        ...common,
        seed: config.seed,
        ...(scales.length > 0 && { scale: scales }),
        ...(config.overfit === 0 && { augmentation: augmented }),
      }),
    evaluation: { ...common, ...(evaluationScale !== null && { scale: evaluationScale }) },
  };
}

/** Version of the decoding of image files; undefined where images are not files. */
export const decodingOf = ({ format }: Dataset): number | undefined =>
  format === 'shapes' ? undefined : decodingVersion;

/**
 * Hash of everything that training and evaluation see of a data set, except pixels: names, sizes, classes, objects, and
 * the version of the decoding.
 */
export function dataHash({ dataset }: Pick<RunData, 'dataset'>): string {
  const hash = createHash('sha256');
  const decoding = decodingOf(dataset);
  if (decoding !== undefined) hash.update(`decoding ${decoding}`);
  hash.update(JSON.stringify(dataset.categories));
  for (const split of [dataset.train, dataset.val]) {
    hash.update(`split ${split.length}`);
    for (const { id, name, width, height, objects } of split) {
      hash.update(JSON.stringify([id, name, width, height]));
      for (const values of [objects.labels, objects.boxes, objects.areas, objects.crowd]) {
        hash.update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
      }
    }
  }
  return hash.digest('hex').slice(0, 16);
}
