/** Reads a trained model from a checkpoint and detects objects with it. */
import { loadParameters, type Normalization } from '@dn-detr/core';
import type { Checkpoint } from '@dn-detr/core/weights';
import type { DatasetImage } from '@dn-detr/data';
import type { ImageDetections } from '@dn-detr/metrics';
import {
  buildModel,
  type CheckpointModel,
  Evaluator,
  loadersOf,
  loadWeights,
  resolveConfig,
  UserError,
} from '@dn-detr/train';
import { dispose } from '@tensorflow/tfjs-core';

export interface Trained extends CheckpointModel {
  /** How images are normalised; undefined in files of earlier versions, for which the backbone determines it. */
  readonly normalization: Normalization | undefined;
  readonly checkpoint: Checkpoint;
  /** Remarks about the weights that the user should know. */
  readonly notes: readonly string[];
}

export interface ImageResult {
  readonly image: DatasetImage;
  /** Detections, whose labels are indices into the checkpoint's categories. */
  readonly detections: ImageDetections;
}

/**
 * Reads a checkpoint of a run: `best.safetensors` or `last.safetensors`.
 *
 * @throws UserError if the file cannot be read, does not describe its model, or has weights that are not finite.
 * @throws CheckpointError if it contains no weights.
 */
export function readTrained(file: string): Trained {
  const { about, ...checkpoint } = load(file);
  const { tensors, metadata, source } = checkpoint;
  if (about === undefined) {
    const missing = ['config', 'categories'].filter((key) => metadata[key] === undefined);
    throw new UserError(
      `${file} holds weights of ${source}, but does not describe their model: ${missing.join(' and ')} missing in its ` +
        'metadata. Expected best.safetensors or last.safetensors of a run, in its folder checkpoints/; weights from ' +
        'elsewhere can start a run (train --init FILE)',
    );
  }
  for (const [name, { dtype, data }] of tensors) {
    if (!dtype.startsWith('F')) continue;
    for (const value of data) {
      if (!Number.isFinite(value)) throw new UserError(`${file}: ${name} holds ${value}, expected finite weights`);
    }
  }
  const config = resolveConfig(about.stated, file);
  const inTraining = metadata.counters !== undefined && config.optimizer.ema > 0;
  const note =
    `${file} holds the weights as they were trained; the run's own figures are for their moving average, which is in ` +
    'best.safetensors';
  const { categories, normalization } = about;
  return { config, categories, normalization, checkpoint, notes: inTraining ? [note] : [] };
}

function load(file: string): ReturnType<typeof loadWeights> {
  try {
    return loadWeights(file);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new UserError(`${file}: the description of its model is not valid JSON (${error.message})`, { cause: error });
  }
}

/**
 * Detects objects in every image, as in evaluation during training.
 *
 * @param progress - Called with the number of images that have been read.
 * @param framed - The images that determine the canvas, if it depends on images.
 * @returns Results in the order of the images.
 * @throws CheckpointError if the weights do not fit the model that the checkpoint names.
 * @throws DataError if an image cannot be read.
 */
export async function detect(
  { checkpoint, config, categories, normalization }: Trained,
  images: readonly DatasetImage[],
  progress: (done: number) => void,
  framed: readonly DatasetImage[] = images,
): Promise<ImageResult[]> {
  const model = buildModel(config, categories.length);
  const { parameters } = loadParameters(checkpoint, model.detector.parameters);
  const read = new Set<DatasetImage>();
  const counted = images.map((image) =>
    readBy(image, async () => {
      const pixels = await image.read();
      progress(read.add(image).size);
      return pixels;
    }),
  );
  // Each image is needed only once, so the cache is off.
  const { evaluation } = loadersOf(
    { ...config, data: { ...config.data, cacheMiB: 0 } },
    { normalization: normalization ?? model.detector.backbone.normalization },
    framed,
  );
  const evaluator = new Evaluator(model, counted, evaluation);
  try {
    const { images: order, detections } = await evaluator.run(parameters);
    const places = new Map(counted.map((image, n) => [image, n]));
    return order
      .map((image, n) => ({ place: places.get(image) as number, detections: detections[n] as ImageDetections }))
      .sort((a, b) => a.place - b.place)
      .map(({ place, detections }) => ({ image: images[place] as DatasetImage, detections }));
  } finally {
    evaluator.dispose();
    dispose(parameters);
  }
}

/** The same image with a different function to read it. */
export function readBy(image: DatasetImage, read: DatasetImage['read']): DatasetImage {
  const { id, name, width, height, objects } = image;
  return { id, name, width, height, objects, read };
}
