/** Times what brings images to a training step: reading or drawing, transforms, batches. */
import {
  type Dataset,
  type DatasetImage,
  shapesDataset,
  type TrainingBatchesOptions,
  trainingBatches,
} from '@dn-detr/data';
import { median } from './median.ts';

export interface DataBench {
  readonly images: string;
  /** pixels of a batch's canvas */
  readonly width: number;
  readonly height: number;
  readonly augmentation: string;
  /** as fast as batches come, nothing kept between epochs */
  readonly imagesPerSecond: number;
  /** processor time of all threads for one image; other programs change it little */
  readonly cpuMs: number;
  /** for a batch, beside steps that keep the main thread busy as the tiny one does; the middle one of 20 */
  readonly waitMs: number;
  readonly longestWaitMs: number;
}

/** What `bench step --config tiny` was measured to take, on 2 cores. */
export const tinyStep = { batch: 8, ms: 139, imagesPerSecond: 8000 / 139 };

const seconds = 3;
const steps = 20;

type Options = Pick<TrainingBatchesOptions, 'canvas' | 'scale' | 'augmentation'>;

const flips: Options = { augmentation: { flip: 0.5 } };

/** As DETR's, for a canvas of `side` in place of 1333 × 800. */
const everything = (side: number): Options => ({
  scale: [0.6, 0.7, 0.8, 0.9, 1].map((part) => Math.round(part * 0.75 * side)),
  augmentation: {
    flip: 0.5,
    crop: { least: 0.6, most: 1.2 },
    jitter: { brightness: 0.2, contrast: 0.2, saturation: 0.2, hue: 0.05 },
  },
});

/** Shapes at three sizes, and the training images of a data set at two. */
export async function benchData(dataset: Dataset | undefined, onCase: (name: string) => void): Promise<DataBench[]> {
  const results: DataBench[] = [];
  const add = async (name: string, images: readonly DatasetImage[], side: number, all: boolean): Promise<void> => {
    onCase(`${name} at ${side} pixels${all ? ' with all transforms' : ''}`);
    const options = { ...(all ? everything(side) : flips), canvas: { width: side, height: side } };
    results.push(await measure(name, images, all ? 'flips, crops, scales, colours' : 'flips', options));
  };
  for (const side of [64, 128, 320]) await add('shapes', shapesDataset({ size: side }).train, side, false);
  if (dataset === undefined) return results;
  for (const side of [128, 320]) {
    for (const all of [false, true]) await add(dataset.name, dataset.train, side, all);
  }
  return results;
}

async function measure(
  name: string,
  images: readonly DatasetImage[],
  augmentation: string,
  options: Options,
): Promise<DataBench> {
  const batches = trainingBatches(images, { batchSize: tinyStep.batch, seed: 0, ...options }).from(0);
  // Compiled code, and buffers of their final size.
  for (let step = 0; step < 20; step++) await batches.next();

  const started = performance.now();
  const before = process.cpuUsage();
  let count = 0;
  let size = { width: 0, height: 0 };
  for (; performance.now() - started < 1000 * seconds; count += tinyStep.batch) {
    const { value } = await batches.next();
    if (value) size = { width: value.width, height: value.height };
  }
  const elapsed = performance.now() - started;
  const { user, system } = process.cpuUsage(before);

  const waits: number[] = [];
  for (let step = 0; step < steps; step++) {
    const asked = performance.now();
    await batches.next();
    waits.push(performance.now() - asked);
    keepBusy(tinyStep.ms);
  }
  await batches.return();
  return {
    images: name,
    ...size,
    augmentation,
    imagesPerSecond: (1000 * count) / elapsed,
    cpuMs: (user + system) / 1000 / count,
    waitMs: median(waits),
    longestWaitMs: Math.max(...waits),
  };
}

/** As native TensorFlow does during a step. */
function keepBusy(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}
