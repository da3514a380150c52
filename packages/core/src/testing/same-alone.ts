/** Checks that a model's predictions for an image do not depend on the other images of its batch. */

import { expectClose } from '@dn-detr/testing/differentiation';
import * as tf from '@tensorflow/tfjs-core';
import type { Detector } from '../models/detector.ts';
import type { NamedTensors } from '../nn/named.ts';

/**
 * Expects the same predictions for the second image in all layers of the decoder, whether it is in a batch or alone.
 *
 * @param input images `[B, H, W, 3]` and their padding `[B, H, W]`
 */
export function expectSameAlone(
  model: Detector,
  tensors: NamedTensors,
  input: { readonly images: tf.Tensor4D; readonly padding: tf.Tensor3D },
): void {
  const together = model.forward(tensors, input).sets[0];
  const second = (x: tf.Tensor) => tf.slice(x, [1], [1]);
  const alone = model.forward(tensors, {
    images: second(input.images) as tf.Tensor4D,
    padding: second(input.padding) as tf.Tensor3D,
  }).sets[0];
  expectClose(tf.slice(together.boxes, [0, 1], [model.layers, 1]), alone.boxes, 1e-5);
  expectClose(tf.slice(together.logits, [0, 1], [model.layers, 1]), alone.logits, 1e-5);
}
