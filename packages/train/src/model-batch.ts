/** A batch as a model takes it: images, or the features that its backbone makes of them. */
import type { Detector, DetectorOutput, ImageBatch, KnownInputs, NamedTensors } from '@dn-detr/core';
import { type FeatureBatch, type ForwardOptions, resizeMask } from '@dn-detr/core/models';
import type { Batch, Images } from '@dn-detr/data';
import { tensor3d, tensor4d, tidy } from '@tensorflow/tfjs-core';

/** The features of a batch's images, on the host. */
export interface Features {
  /** One for each level of the backbone, `[B, h, w, C]`. */
  readonly levels: readonly {
    readonly shape: readonly [images: number, height: number, width: number, channels: number];
    readonly values: Float32Array;
  }[];
}

/** A loaded batch that begins at its images or at their features. */
export type LoadedBatch = Batch<Images | Features>;

/** A pass that begins where the batch does. */
export const forward = (
  detector: Detector,
  tensors: NamedTensors,
  batch: ImageBatch | FeatureBatch,
  known?: KnownInputs,
  options?: ForwardOptions,
): DetectorOutput =>
  'levels' in batch
    ? detector.forwardFeatures(tensors, batch, known, options)
    : detector.forward(tensors, batch, known, options);

/** A batch as tensors; the caller disposes them. */
export function batchTensors(batch: LoadedBatch): ImageBatch | FeatureBatch {
  if (!('levels' in batch)) return imageTensors(batch);
  return tidy(() => {
    const padding = paddingTensor(batch);
    return {
      levels: batch.levels.map(({ shape, values }) => ({
        features: tensor4d(values, [...shape]),
        padding: padding && resizeMask(padding, [shape[1], shape[2]]),
      })),
      padding,
    };
  });
}

/** A batch's images and padding as tensors; the caller disposes them. */
export const imageTensors = (batch: Batch): ImageBatch => ({
  images: tensor4d(batch.images, [batch.targets.length, batch.height, batch.width, 3]),
  padding: paddingTensor(batch),
});

const paddingTensor = ({ padding, height, width, targets }: LoadedBatch) =>
  padding && tensor3d(padding, [targets.length, height, width], 'float32');
