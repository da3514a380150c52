/** COCO's figures of a checkpoint on a split of a data set. */
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

/** Detections of a checkpoint in a split; `notes` are also about the figures. */
export interface Evaluated extends Omit<OpenedSplit, 'images' | 'framed'> {
  /** Results in the data set's order. */
  readonly results: readonly ImageResult[];
  readonly evaluation: CocoEvaluation;
}

/** The images that a checkpoint is looked at with. */
export interface OpenedSplit {
  /** The data's name as the user gave it, or else as the checkpoint does. */
  readonly data: string;
  readonly split: SplitName;
  /** Categories in the model's order, with the ids that the split's file gives them. */
  readonly categories: readonly Category[];
  /** At least one image; labels are the model's. */
  readonly images: readonly DatasetImage[];
  /** Images of all splits: a canvas that depends on images is sized for them, as in training. */
  readonly framed: readonly DatasetImage[];
  /** Notes on the checkpoint and the data for the user. */
  readonly notes: readonly string[];
}

/**
 * @param trained of `file`
 * @param data a folder or `shapes`; without it what the checkpoint was trained on
 * @param wanted without it `val`, or the images trained on if the checkpoint is of a run that was to overfit them
 * @throws UserError if there are no images in the split, or the data set has other classes than the model
 * @throws DataError if the data cannot be read
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
  if (overfitted) about.push(`these are the ${images.length} images that the run trained on: --split takes others`);
  return { data: source, split, categories, images, framed: allImages(dataset), notes: [...notices, ...about] };
}

/** As `openSplit`, with the backend that the model needs current. */
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
      ? [`while it trained, the run was evaluated on the first ${few} of these images`]
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
    throw new DataError(`${error.message}\n${file} was trained on it: --data names another place`, { cause: error });
  }
}

/** One of COCO's results. */
export interface CocoResult {
  readonly image_id: DatasetImage['id'];
  readonly category_id: Category['id'];
  /** Box as x, y, width, height in pixels. */
  readonly bbox: readonly number[];
  readonly score: number;
}

/**
 * The detections with every digit, so that `eval` gives the same figures for them and the split's annotation file. So does
 * pycocotools, unless the file has ids that are whole numbers in quotes, or beyond 2^53: these are the same ids for `eval`
 * in whichever form, but not for pycocotools.
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
