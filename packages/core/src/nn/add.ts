/** Additions whose gradients cost nothing, or one sum; tfjs's own gradients reshape each of their results. */
import { add, type Tensor, type Tensor1D, type Tensor2D } from '@tensorflow/tfjs-core';
import { columnSums } from './column-sums.ts';
import { withGradient } from './custom-gradient.ts';

/**
 * Adds two tensors of the same shape, as in a residual connection. The gradient takes no op.
 *
 * @throws if the shapes differ; nothing is broadcast
 */
export function addSame<T extends Tensor>(a: T, b: T): T {
  if (a.rank !== b.rank || a.shape.some((size, axis) => size !== b.shape[axis])) {
    throw new Error(`addSame: shapes [${a.shape}] and [${b.shape}] differ`);
  }
  return withGradient([a, b], () => ({
    value: add<T>(a, b),
    saved: [],
    gradient: (dy) => [dy.clone(), dy.clone()],
  }));
}

/**
 * Adds a bias to every row.
 *
 * @param x `[N, d]`
 * @param bias `[d]`
 * @returns `[N, d]`
 */
export function addBias(x: Tensor2D, bias: Tensor1D): Tensor2D {
  if (x.shape[1] !== bias.shape[0]) throw new Error(`addBias: bias [${bias.shape}] does not fit rows of [${x.shape}]`);
  return withGradient([x, bias], () => ({
    value: add<Tensor2D>(x, bias),
    saved: [],
    gradient: (dy) => [dy.clone(), columnSums(dy)],
  }));
}
