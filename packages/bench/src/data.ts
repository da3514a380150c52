/** Times the way of images to a training step: reading or drawing, transforms, batches. */
import { imageNet } from '@dn-detr/core';
import { type DatasetImage, shapesDataset, type TrainingBatchesOptions, trainingBatches } from '@dn-detr/data';
import { median } from 'd3-array';

/** The step that consumes the batches: `bench step`'s tiny configuration, as measured. */
export interface FedStep {
  /** Images per step. */
  readonly batch: number;
  readonly ms: number;
}

export interface DataBench {
  readonly images: string;
  /** Width of a batch's canvas in pixels. */
  readonly width: number;
  /** Height of a batch's canvas in pixels. */
  readonly height: number;
  readonly augmentation: string;
  /** Rate at which batches are made without waiting, with nothing kept between epochs. */
  readonly imagesPerSecond: number;
  /** The rate as a multiple of what the step consumes. */
  readonly timesStep: number;
  /** Images per second that are promised for this case: the larger of a fixed rate and twice what the step consumes. */
  readonly required?: number;
  /** Whether that rate was reached. */
  readonly met?: boolean;
  /** Processor time of all threads per image; other programs affect it little. */
  readonly cpuMs: number;
  /** Median wait for a batch during steps that keep the main thread busy as the real one does. */
  readonly waitMs: number;
  /** Longest wait for a batch. */
  readonly longestWaitMs: number;
}

/** Promised for images from files on a canvas of `side` pixels. */
const promised = { side: 320, imagesPerSecond: 150, timesStep: 2 };

export interface Effort {
  /** Seconds in which batches are counted. */
  readonly seconds: number;
  /** Number of steps whose waits are timed. */
  readonly steps: number;
  /** Batches before the measurement, for compiled code and buffers of their final size. */
  readonly warmUp: number;
}

export interface Files {
  readonly name: string;
  readonly images: readonly DatasetImage[];
}

type Options = Pick<TrainingBatchesOptions, 'canvas' | 'scale' | 'augmentation'>;

const flips: Options = { augmentation: { flip: 0.5 } };

/** DETR's transforms for a canvas of `side` in place of 1333 × 800. */
const everything = (side: number): Options => ({
  scale: [0.6, 0.7, 0.8, 0.9, 1].map((part) => Math.round(part * 0.75 * side)),
  augmentation: {
    flip: 0.5,
    crop: { least: 0.6, most: 1.2 },
    jitter: { brightness: 0.2, contrast: 0.2, saturation: 0.2, hue: 0.05 },
  },
});

/** Times shapes at three sizes, and images from files at two. */
export async function benchData(
  files: Files,
  step: FedStep,
  onCase: (name: string) => void,
  effort: Effort = { seconds: 3, steps: 20, warmUp: 20 },
): Promise<DataBench[]> {
  const results: DataBench[] = [];
  const add = async ({ name, images }: Files, side: number, all: boolean): Promise<void> => {
    onCase(`${name} at ${side} pixels${all ? ' with all transforms' : ''}`);
    const options = { ...(all ? everything(side) : flips), canvas: { width: side, height: side } };
    const measured = await measure(images, options, step, effort);
    const eaten = (1000 * step.batch) / step.ms;
    const required = Math.max(promised.imagesPerSecond, promised.timesStep * eaten);
    results.push({
      images: name,
      augmentation: all ? 'flips, crops, scales, colours' : 'flips',
      timesStep: measured.imagesPerSecond / eaten,
      ...measured,
      ...(images === files.images && side === promised.side && { required, met: measured.imagesPerSecond >= required }),
    });
  };
  for (const side of [64, 128, 320])
    await add({ name: 'shapes', images: shapesDataset({ size: side }).train }, side, false);
  for (const side of [128, promised.side]) {
    for (const all of [false, true]) await add(files, side, all);
  }
  return results;
}

type Measured = Omit<DataBench, 'images' | 'augmentation' | 'timesStep' | 'required' | 'met'>;

async function measure(
  images: readonly DatasetImage[],
  options: Options,
  step: FedStep,
  { seconds, steps, warmUp }: Effort,
): Promise<Measured> {
  const { from, batchSize } = trainingBatches(images, {
    ...{ batchSize: step.batch, seed: 0, normalization: imageNet },
    ...options,
  });
  const batches = from(0);
  for (let i = 0; i < warmUp; i++) await batches.next();

  const started = performance.now();
  const before = process.cpuUsage();
  let count = 0;
  let size = { width: 0, height: 0 };
  do {
    const { value } = await batches.next();
    if (value) size = { width: value.width, height: value.height };
    count += batchSize;
  } while (performance.now() - started < 1000 * seconds);
  const elapsed = performance.now() - started;
  const { user, system } = process.cpuUsage(before);

  const waits: number[] = [];
  for (let i = 0; i < steps; i++) {
    const asked = performance.now();
    await batches.next();
    waits.push(performance.now() - asked);
    keepBusy(step.ms);
  }
  await batches.return();
  return {
    ...size,
    imagesPerSecond: (1000 * count) / elapsed,
    cpuMs: (user + system) / 1000 / count,
    waitMs: median(waits) as number,
    longestWaitMs: Math.max(...waits),
  };
}

/** Blocks the thread as native TensorFlow does during a step. */
function keepBusy(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}
