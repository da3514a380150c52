/** Learned rows shared by every image of a batch: query embeddings, anchors. */
import { reshape, sum, type Tensor2D, tile } from '@tensorflow/tfjs-core';
import { withGradient } from './custom-gradient.ts';

/**
 * All rows of `x`, `times` over. The gradient is one sum, where tfjs would slice and add for each repetition.
 *
 * @param x `[Q, d]`
 * @returns `[times * Q, d]`
 */
export function repeatRows(x: Tensor2D, times: number): Tensor2D {
  const [rows, width] = x.shape;
  return withGradient([x], () => ({
    value: tile(x, [times, 1]),
    saved: [],
    gradient: (dy) => [reshape(sum(reshape(dy, [times, rows * width]), 0), [rows, width])],
  }));
}
