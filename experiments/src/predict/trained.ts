/** A checkpoint as a detector: what it was trained as, and what it makes of images. */
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
  /** How images are normalised; undefined in files of earlier versions, whose backbone says it. */
  readonly normalization: Normalization | undefined;
  readonly checkpoint: Checkpoint;
  /** Notes on the weights for the user. */
  readonly notes: readonly string[];
}

export interface ImageResult {
  readonly image: DatasetImage;
  /** Labels are indices into the categories of the checkpoint. */
  readonly detections: ImageDetections;
}

/**
 * Reads a checkpoint of a run: `best.safetensors` or `last.safetensors`.
 *
 * @throws UserError if the file cannot be read, does not say what model it is of, or has weights that are not finite
 * @throws CheckpointError if it holds no weights
 */
export function readTrained(file: string): Trained {
  const { about, ...checkpoint } = load(file);
  const { tensors, metadata, source } = checkpoint;
  if (about === undefined) {
    const missing = ['config', 'categories'].filter((key) => metadata[key] === undefined);
    throw new UserError(
      `${file} holds weights of ${source}, but not what model they are of: ${missing.join(' and ')} missing in its ` +
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
    `${file} is used as it was trained; the run's own figures are those of the moving average of its weights, which ` +
    'best.safetensors holds';
  const { categories, normalization } = about;
  return { config, categories, normalization, checkpoint, notes: inTraining ? [note] : [] };
}

function load(file: string): ReturnType<typeof loadWeights> {
  try {
    return loadWeights(file);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new UserError(`${file}: the model it is of is not written as JSON (${error.message})`, { cause: error });
  }
}

/**
 * Detects in every image, as evaluation in training does.
 *
 * @param progress called with how many of the images were read
 * @param framed which images the canvas is for, where it depends on them
 * @returns in the order of the images
 * @throws CheckpointError if the weights do not fit the model that the checkpoint names
 * @throws DataError if an image cannot be read
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
  // Each image is needed once: none is worth keeping.
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

/** The same image, read in another way. */
export function readBy(image: DatasetImage, read: DatasetImage['read']): DatasetImage {
  const { id, name, width, height, objects } = image;
  return { id, name, width, height, objects, read };
}
