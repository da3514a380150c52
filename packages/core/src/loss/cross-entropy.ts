/** The softmax cross entropy, which is DETR's classification loss. */
import { div, exp, log, max, mul, reshape, sub, sum, type Tensor1D, type Tensor2D } from '@tensorflow/tfjs-core';
import { withGradient } from '../nn/custom-gradient.ts';
import { oneHotRows } from './one-hot.ts';

/**
 * The cross entropy of every row: `-log softmax(logits)` at its class.
 *
 * @param logits `[N, numLogits]`; in DETR the last one is "no object"
 * @param classes int32 `[N]`, from 0 to `numLogits - 1`
 * @param weights `[N]`; no gradient
 * @returns `[N]`, weighted
 */
export function crossEntropyRows(logits: Tensor2D, classes: Tensor1D, weights: Tensor1D): Tensor1D {
  const [rows, count] = logits.shape;
  return withGradient([logits], () => {
    const shifted = sub(logits, max(logits, 1, true));
    const powers = exp(shifted);
    const total = sum(powers, 1, true);
    const targets = oneHotRows(classes, count, 1, 0);
    const own = sum(mul(shifted, targets), 1);
    return {
      value: mul<Tensor1D>(sub(reshape(log(total), [rows]), own), weights),
      saved: [powers, total, targets, weights] as const,
      gradient: (dy, [powers, total, targets, weights]) => [
        mul(sub(div(powers, total), targets), reshape(mul(dy, weights), [rows, 1])),
      ],
    };
  });
}
