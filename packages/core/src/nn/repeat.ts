/** Repeats learned rows: query embeddings shared by every image of a batch, patterns shared by queries. */
import { reshape, sum, type Tensor2D, tile } from '@tensorflow/tfjs-core';
import { withGradient } from './custom-gradient.ts';

/**
 * Repeats all rows of `x`, `times` over. The gradient is one sum, where tfjs would slice and add for each repetition.
 *
 * @param x `[N, d]`
 * @returns `[times * N, d]`
 */
export function repeatRows(x: Tensor2D, times: number): Tensor2D {
  const [rows, width] = x.shape;
  return withGradient([x], () => ({
    value: tile(x, [times, 1]),
    saved: [],
    gradient: (dy) => [reshape(sum(reshape(dy, [times, rows * width]), 0), [rows, width])],
  }));
}

/**
 * Repeats each row of `x`, `times` in succession.
 *
 * @param x `[N, d]`
 * @returns `[N * times, d]`
 */
export function repeatEachRow(x: Tensor2D, times: number): Tensor2D {
  const [rows, width] = x.shape;
  return withGradient([x], () => ({
    value: reshape(tile(reshape(x, [rows, 1, width]), [1, times, 1]), [rows * times, width]),
    saved: [],
    gradient: (dy) => [sum(reshape(dy, [rows, times, width]), 1)],
  }));
}
