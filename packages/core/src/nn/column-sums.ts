/** Column sums: the gradient of a bias that was added to every row. */
import { engine, fill, matMul, type Rank, reshape, type Tensor1D, type Tensor2D } from '@tensorflow/tfjs-core';
import { hasKernel } from './kernel-op.ts';

/**
 * Sums each column. Where the backend has no kernel for it, this is a product with a row of ones, which on native
 * TensorFlow is 3 to 6 times faster than its reduction over the first axis.
 *
 * @param x `[N, d]`
 * @returns `[d]`
 */
export function columnSums(x: Tensor2D): Tensor1D {
  if (hasKernel('DnColumnSums')) return engine().runKernel<Tensor1D>('DnColumnSums', { x });
  return reshape(matMul(fill<Rank.R2>([1, x.shape[0]], 1), x), [x.shape[1]]);
}
