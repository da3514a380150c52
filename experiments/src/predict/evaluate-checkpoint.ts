/** Evaluates a checkpoint on a split of a data set. */
import {
  type Category,
  DataError,
  type DatasetImage,
  type SplitName,
  splitCategories,
  splitNames,
} from '@dn-detr/data';
import { type CocoEvaluation, evaluateDetections } from '@dn-detr/metrics';
import { allImages, type OpenedData, openData, type RunConfig, UserError } from '@dn-detr/train';
import { dataSource } from '../config/data-source.ts';
import type { Output } from '../terminal.ts';
import { withProgress } from './image-progress.ts';
import { alignClasses } from './same-classes.ts';
import { detect, type ImageResult, type Trained } from './trained.ts';

/** The result of a checkpoint on a split; `notes` also contain remarks about the figures. */
export interface Evaluated extends Omit<OpenedSplit, 'images' | 'framed'> {
  /** Results in the data set's order. */
  readonly results: readonly ImageResult[];
  readonly evaluation: CocoEvaluation;
}

/** The images on which a checkpoint is evaluated. */
export interface OpenedSplit {
  /** The data as named by the user, or else by the checkpoint. */
  readonly data: string;
  readonly split: SplitName;
  /** Categories in the model's order, with the ids of the split's file. */
  readonly categories: readonly Category[];
  /** At least one image; labels are the model's. */
  readonly images: readonly DatasetImage[];
  /** The images of all splits, which determine the canvas if it depends on images, as in training. */
  readonly framed: readonly DatasetImage[];
  /** Remarks about the images that the user should know. */
  readonly notes: readonly string[];
}

/**
 * Opens the images on which a checkpoint is evaluated.
 *
 * @param file - The checkpoint's file, for messages.
 * @param data - A folder or `shapes`; if undefined, the data that the checkpoint was trained on.
 * @param wanted - The split; if undefined, `val`, or the training images if the run was started with `--overfit`.
 * @throws UserError if the split has no images, or the data set has other classes than the model.
 * @throws DataError if the data cannot be read.
 */
export async function openSplit(
  err: Output,
  { config, categories: model }: Trained,
  file: string,
  data: string | undefined,
  wanted: SplitName | undefined,
): Promise<OpenedSplit> {
  const source = data ?? config.data.source;
  const overfitted = data === undefined && wanted === undefined && config.overfit > 0;
  const split = wanted ?? (overfitted ? 'train' : 'val');
  const { dataset, notices } = await open(err, config, data, file);
  const numbered = { ...dataset, categories: splitCategories(dataset, split) };
  const aligned = alignClasses(numbered, split, model, { data: source, model: file });
  const { categories } = aligned;
  const images = overfitted ? aligned.images.slice(0, config.overfit) : aligned.images;
  if (images.length === 0) {
    const others = splitNames.filter((name) => dataset[name].length > 0);
    throw new UserError(`${source} has no images in its ${split} split: it has ${others.join(' and ')} (--split NAME)`);
  }
  const about: string[] = [];
  if (overfitted) about.push(`these are the ${images.length} images that the run trained on: --split selects others`);
  return { data: source, split, categories, images, framed: allImages(dataset), notes: [...notices, ...about] };
}

/** Opens a split like `openSplit` and evaluates the checkpoint on it. The backend must be chosen before. */
export async function evaluateCheckpoint(
  err: Output,
  trained: Trained,
  file: string,
  data: string | undefined,
  wanted: SplitName | undefined,
): Promise<Evaluated> {
  const { images, framed, notes, ...of } = await openSplit(err, trained, file, data, wanted);
  const results = await withProgress(err, 'detecting', images.length, (progress) =>
    detect(trained, images, progress, framed),
  );
  const evaluation = evaluateDetections(
    results.map(({ image }) => image.objects),
    results.map(({ detections }) => detections),
    { numClasses: of.categories.length },
  );
  const few = trained.config.evaluation.images;
  const about =
    data === undefined && of.split === 'val' && few > 0 && few < images.length
      ? [`during training, the run was evaluated only on the first ${few} of these images`]
      : [];
  return { ...of, results, evaluation, notes: [...notes, ...about] };
}

async function open(err: Output, config: RunConfig, named: string | undefined, file: string): Promise<OpenedData> {
  const source = named === undefined ? config.data.source : dataSource(err, named);
  const data = { ...config.data, source, ...(named !== undefined && { format: null }) };
  try {
    return await openData(data);
  } catch (error) {
    if (named !== undefined || !(error instanceof DataError)) throw error;
    throw new DataError(`${error.message}\n${file} was trained on it: choose other data with --data`, { cause: error });
  }
}

/** A detection in COCO's results format. */
export interface CocoResult {
  readonly image_id: DatasetImage['id'];
  readonly category_id: Category['id'];
  /** x, y, width, height in pixels. */
  readonly bbox: readonly number[];
  readonly score: number;
}

/**
 * The detections with all digits, so that `eval` computes the same figures from them and the split's annotation file. So does
 * pycocotools, unless the file has ids that are whole numbers in quotes or beyond 2^53: `eval` treats these as the same ids in
 * either form, pycocotools does not.
 */
export function cocoResults({ results, categories }: Pick<Evaluated, 'results' | 'categories'>): CocoResult[] {
  return results.flatMap(({ image, detections: { labels, boxes, scores } }) =>
    Array.from(scores, (score, n) => ({
      image_id: image.id,
      category_id: (categories[labels[n] as number] as Category).id,
      bbox: [0, 1, 2, 3].map((k) => boxes[4 * n + k] as number),
      score,
    })),
  );
}
