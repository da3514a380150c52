/** The input of a model for one batch: images, or the features that the backbone computes from them. */
import type { Detector, DetectorOutput, ImageBatch, KnownInputs, NamedTensors } from '@dn-detr/core';
import { type FeatureBatch, type ForwardOptions, resizeMask } from '@dn-detr/core/models';
import type { Batch, Images } from '@dn-detr/data';
import { tensor3d, tensor4d, tidy } from '@tensorflow/tfjs-core';

/** The features of a batch of images, on the host. */
export interface Features {
  /** The features of each level of the backbone, `[B, h, w, C]`. */
  readonly levels: readonly {
    readonly shape: readonly [images: number, height: number, width: number, channels: number];
    readonly values: Float32Array;
  }[];
}

/** A loaded batch with either its images or their features. */
export type LoadedBatch = Batch<Images | Features>;

/** A forward pass from the batch's images, or from their features if it has them. */
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

/** Converts a batch to tensors; the caller disposes them. */
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

/** Converts the images and padding of a batch to tensors; the caller disposes them. */
export const imageTensors = (batch: Batch): ImageBatch => ({
  images: tensor4d(batch.images, [batch.targets.length, batch.height, batch.width, 3]),
  padding: paddingTensor(batch),
});

const paddingTensor = ({ padding, height, width, targets }: LoadedBatch) =>
  padding && tensor3d(padding, [targets.length, height, width], 'float32');
