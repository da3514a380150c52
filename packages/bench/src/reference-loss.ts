/** The two losses of the reference step, against dense targets, with gradients of few ops. */
import { withGradient } from '@dn-detr/core/nn';
import { abs, div, exp, log, max, mul, type Scalar, sign, sub, sum, type Tensor2D } from '@tensorflow/tfjs-core';

/**
 * Σ targets · -log softmax(logits), summed over everything.
 *
 * @param logits `[M, C]`
 * @param targets `[M, C]`, rows of any weight; no gradient
 */
export function crossEntropy(logits: Tensor2D, targets: Tensor2D): Scalar {
  return withGradient([logits], () => {
    const shifted = sub<Tensor2D>(logits, max(logits, 1, true));
    const powers = exp(shifted);
    const total = sum<Tensor2D>(powers, 1, true);
    return {
      value: sum<Scalar>(mul(targets, sub(log(total), shifted))),
      saved: [powers, total, targets] as const,
      gradient: (dy, [powers, total, targets]) => {
        const expected = mul(div(powers, total), sum(targets, 1, true));
        return [mul(sub(expected, targets), dy)];
      },
    };
  });
}

/**
 * Σ weights · |boxes - targets|, summed over everything.
 *
 * @param boxes `[M, 4]`
 * @param targets `[M, 4]`; no gradient
 * @param weights `[M, 1]`; no gradient
 */
export function l1(boxes: Tensor2D, targets: Tensor2D, weights: Tensor2D): Scalar {
  return withGradient([boxes], () => {
    const difference = sub<Tensor2D>(boxes, targets);
    return {
      value: sum<Scalar>(mul(abs(difference), weights)),
      saved: [difference, weights] as const,
      gradient: (dy, [difference, weights]) => [mul(mul(sign(difference), weights), dy)],
    };
  });
}
