/** Batches of a data set, decoded and transformed ahead of time. */
import type { DatasetImage } from '../dataset.ts';
import { DataError } from '../error.ts';
import { requireCount, requireKnown, shown } from '../option-checks.ts';
import { randomStream } from '../random.ts';
import { type TrainingObjects, trainingObjects } from '../training-objects.ts';
import { type Augmentation, augmentationSettings, drawView } from '../transforms/augmentation.ts';
import { canvasOf, type Framing, type FramingSettings, framedSize, framingSettings } from '../transforms/framing.ts';
import { drawColorChange } from '../transforms/jitter.ts';
import { checkNormalization, type Normalization, normalizer } from '../transforms/normalize.ts';
import { type Size, wholeView } from '../transforms/view.ts';
import { workingSize } from '../transforms/working-size.ts';
import { type Batch, type BatchSettings, type Images, type LoadContent, loadImages, prepareBatch } from './batch.ts';
import { ImageCache } from './cache.ts';
import { EpochOrder } from './order.ts';
import { prefetch } from './prefetch.ts';

/** How images become batches, in training and in evaluation. */
export interface LoadingOptions<Content = Images> extends Framing {
  /** B, the images per batch; reduced where there are fewer images. */
  readonly batchSize: number;
  /** Mean and standard deviation that the network expects. */
  readonly normalization: Normalization;
  /** Cache of decoded images; without one, none are kept. */
  readonly cache?: ImageCache;
  /** Loads content other than pixels; pixels are then read and normalised only when this function requests them. */
  readonly load?: LoadContent<Content>;
  /** Number of batches prepared while one is used. @defaultValue 3 */
  readonly ahead?: number;
}

/** How batches for training are made. */
export interface TrainingBatchesOptions<Content = Images> extends LoadingOptions<Content> {
  /** Seed of order and augmentation. */
  readonly seed: number;
  /** Random changes of the images; none without it. */
  readonly augmentation?: Augmentation;
}

/** How batches for evaluation are made. */
export interface EvaluationBatchesOptions<Content = Images> extends LoadingOptions<Content> {
  /** Shorter side of the images in pixels. */
  readonly scale?: number;
}

/** A batch for training, with its place in the run. */
export type TrainingBatch<Content = Images> = Batch<Content> & {
  /** Index of the step, counted from 0 over all epochs. */
  readonly step: number;
  readonly epoch: number;
};

/** The batches of a training run, from any step on. */
export interface TrainingBatches<Content = Images> {
  /** B, the images per batch. */
  readonly batchSize: number;
  readonly stepsPerEpoch: number;
  /**
   * The batches from a step on, without end. Each depends only on images, options and step: starting at step n gives
   * what a run from step 0 gets there. `next()` rejects with the DataError of an image that cannot be read, and the
   * sequence ends.
   */
  from(step: number): AsyncGenerator<TrainingBatch<Content>, void>;
}

/** A batch for evaluation, the last of which is filled up. */
export type EvaluationBatch<Content = Images> = Batch<Content> & {
  /** Number of images to evaluate, at the start of the batch; the rest repeat them to fill the batch. */
  readonly count: number;
};

const common = ['batchSize', 'canvas', 'scale', 'maxSize', 'normalization', 'cache', 'load', 'ahead'];

/**
 * Batches to train on: every image once an epoch, in an order drawn from seed and epoch. On canvases of no fixed size,
 * landscape and portrait images go into different batches, so that there is little padding and few sizes. The last batch
 * of each kind is filled with images that were seen earlier in the epoch.
 *
 * @throws DataError if there are no images, or an option is unknown, has the wrong type or is out of range
 */
export function trainingBatches<Content = Images>(
  images: readonly DatasetImage[],
  options: TrainingBatchesOptions<Content>,
): TrainingBatches<Content> {
  const where = 'trainingBatches';
  requireKnown(where, options, [...common, 'seed', 'augmentation']);
  const { seed } = options;
  requireCount(`${where}.seed`, seed, 0);
  const { batchSize, ahead, framing, batch } = loadingSettings(where, options, images);
  const augmentation = augmentationSettings(`${where}.augmentation`, options.augmentation);
  if (images.length === 0) throw new DataError('there are no images to train on');

  const order = new EpochOrder(groupsOf(images, framing), batchSize, seed);
  const varies = augmentation.crop !== undefined || framing.scales.length > 1;
  const padded = varies || leavesRoom(order.groups, images, framing);
  const objects = images.map(trainingObjects);
  const workingSizes = images.map((image) => workingSize(image, framing, augmentation));
  const prepare = async (step: number): Promise<() => TrainingBatch<Content>> => {
    const { epoch, images: chosen } = order.at(step);
    const items = chosen.map((index) => {
      const source = images[index] as DatasetImage;
      const working = workingSizes[index] as Size;
      const view = drawView(source, working, framing, augmentation, randomStream(seed, 'view', epoch, index));
      const { jitter } = augmentation;
      const change = jitter && drawColorChange(jitter, randomStream(seed, 'colours', epoch, index));
      return { source, working, objects: objects[index] as TrainingObjects, view, change };
    });
    const assemble = await prepareBatch(items, { ...batch, padded });
    return () => ({ ...assemble(), step, epoch });
  };
  return {
    batchSize: order.batchSize,
    stepsPerEpoch: order.stepsPerEpoch,
    from: (first) => {
      requireCount('the step to start from', first, 0);
      return prefetch((n) => prepare(first + n), Number.POSITIVE_INFINITY, ahead);
    },
  };
}

/**
 * Batches to evaluate on: every image once, with no randomness. On canvases of no fixed size, landscape images come
 * before portrait ones. All batches have the same number of images; `count` says how many of them are new.
 *
 * @throws DataError if an option is unknown, has the wrong type or is out of range; `next()` if an image cannot be read
 */
export function evaluationBatches<Content = Images>(
  images: readonly DatasetImage[],
  options: EvaluationBatchesOptions<Content>,
): AsyncGenerator<EvaluationBatch<Content>, void> {
  const where = 'evaluationBatches';
  requireKnown(where, options, common);
  if (options.scale !== undefined) requireCount(`${where}.scale`, options.scale, 1);
  const { ahead, framing, batch, batchSize } = loadingSettings(where, options, images);
  const groups = groupsOf(images, framing);
  const padded = leavesRoom(groups, images, framing);
  const size = Math.min(batchSize, images.length);
  const chunks = groups.flatMap((group) =>
    Array.from({ length: Math.ceil(group.length / size) }, (_, n) => group.slice(n * size, (n + 1) * size)),
  );
  const prepare = async (n: number): Promise<() => EvaluationBatch<Content>> => {
    const chunk = chunks[n] as readonly number[];
    const items = Array.from({ length: size }, (_, i) => {
      const source = images[chunk[i % chunk.length] as number] as DatasetImage;
      const view = wholeView(source, plainSize(source, framing));
      const working = workingSize(source, framing, noAugmentation);
      return { source, working, objects: trainingObjects(source), view, change: undefined };
    });
    const assemble = await prepareBatch(items, { ...batch, padded });
    return () => ({ ...assemble(), count: chunk.length });
  };
  return prefetch(prepare, chunks.length, ahead);
}

const noAugmentation = augmentationSettings('');

interface LoadingSettings<Content> {
  readonly batchSize: number;
  readonly ahead: number;
  readonly framing: FramingSettings;
  readonly batch: Omit<BatchSettings<Content>, 'padded'>;
}

function loadingSettings<Content>(
  where: string,
  options: LoadingOptions<Content>,
  images: readonly Size[],
): LoadingSettings<Content> {
  const { batchSize, normalization, cache = new ImageCache(0), ahead = 3 } = options;
  requireCount(`${where}.batchSize`, batchSize, 1);
  requireCount(`${where}.ahead`, ahead, 0);
  if (!(cache instanceof ImageCache)) {
    throw new DataError(
      `${where}.cache is ${shown(cache)}: expected an ImageCache, such as new ImageCache(500e6) bytes`,
    );
  }
  checkNormalization(`${where}.normalization`, normalization);
  const framing = framingSettings(where, options, images);
  // Where nothing else is loaded, the content is images.
  const load = options.load ?? (loadImages as LoadContent<unknown> as LoadContent<Content>);
  return { batchSize, ahead, framing, batch: { framing, normalize: normalizer(normalization), cache, load } };
}

/** Size of the resized image in the absence of random scales. */
const plainSize = (image: Size, framing: FramingSettings): Size =>
  framedSize(image, framing, framing.scales[0], Math.min(image.width, image.height));

/** The indices of images that may share a batch: all, or the landscape (and square) ones and the portrait ones. */
function groupsOf(images: readonly Size[], { canvas }: FramingSettings): number[][] {
  const all = images.map((_, index) => index);
  if ('width' in canvas) return [all];
  const isPortrait = (index: number): boolean => {
    const { width, height } = images[index] as Size;
    return height > width;
  };
  return [all.filter((index) => !isPortrait(index)), all.filter(isPortrait)];
}

/** Whether some image, at its one size, does not fill the canvas of a batch that it may be in. */
function leavesRoom(
  groups: readonly (readonly number[])[],
  images: readonly Size[],
  framing: FramingSettings,
): boolean {
  return groups.some((group) => {
    const sizes = group.map((index) => plainSize(images[index] as Size, framing));
    const canvas = canvasOf(sizes, framing);
    return sizes.some(({ width, height }) => width < canvas.width || height < canvas.height);
  });
}
