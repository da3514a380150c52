/** Linear layers with ReLU between them: DETR's box head, and the feed-forward part of a transformer layer. */
import type { Tensor2D } from '@tensorflow/tfjs-core';
import { relu } from './activation.ts';
import { type LinearParameters, linear } from './linear.ts';

/**
 * @param x `[N, in]`
 * @param layers applied in order; no activation after the last
 * @returns `[N, out]` of the last layer
 * @throws if there is no layer
 */
export function mlp(x: Tensor2D, layers: readonly LinearParameters[]): Tensor2D {
  if (layers.length === 0) throw new Error('mlp: no layers');
  return layers.reduce((value, layer, i) => linear(i === 0 ? value : relu(value), layer), x);
}
