/**
 * Gradient accumulation: the gradient of a large batch, computed in micro-batches that fit in memory.
 *
 * The sum over micro-batches equals the gradient of the entire batch if every micro-batch divides its loss by the
 * normaliser of the entire batch (in DETR, its number of boxes) rather than by its own.
 */
import { add, type Rank, type Tensor1D, tidy, zeros } from '@tensorflow/tfjs-core';
import type { ParameterLayout } from '../nn/parameters.ts';

/** Zeros to start from: one `[size]` tensor per group. */
export function zeroFlats(layout: ParameterLayout<string, string>): Tensor1D[] {
  return layout.groups.map(({ size }) => zeros<Rank.R1>([size]));
}

/**
 * The sum of the gradients so far and those of one more micro-batch. The caller disposes of both inputs.
 *
 * @throws RangeError if the numbers of groups differ
 */
export function accumulate(total: readonly Tensor1D[], grads: readonly Tensor1D[]): Tensor1D[] {
  if (total.length !== grads.length) {
    throw new RangeError(`the total has ${total.length} groups, the gradients have ${grads.length}`);
  }
  return tidy(() => total.map((flat, i) => add<Tensor1D>(flat, grads[i] as Tensor1D)));
}
