/** The sigmoid focal loss, the classification loss of Deformable DETR, DAB-DETR and DN-DETR. */
import {
  add,
  mul,
  pow,
  reshape,
  sigmoid,
  softplus,
  square,
  sub,
  sum,
  type Tensor1D,
  type Tensor2D,
} from '@tensorflow/tfjs-core';
import { withGradient } from '../nn/custom-gradient.ts';
import { oneHotRows } from './one-hot.ts';

/** The two parameters of the focal loss (Lin et al., ICCV 2017). */
export interface FocalOptions {
  /** Weight of a row's own class; the other classes weigh 1 - alpha. Below 0, all weigh 1. */
  readonly alpha: number;
  /** How strongly the loss is reduced for classes that are already right; 0 gives the binary cross entropy. */
  readonly gamma: number;
}

/**
 * The focal loss of every row, summed over the classes (Lin et al. 2017, https://arxiv.org/abs/1708.02002;
 * `sigmoid_focal_loss` in `models/DN_DAB_DETR/DABDETR.py` of DN-DETR).
 *
 * With s = -1 for a row's own class and 1 for the others, and z = s times the logit, an element is
 * `α σ(z)^γ softplus(z)`, and its derivative with respect to z is `α σ(z)^γ (γ (1 - σ(z)) softplus(z) + σ(z))`. Both
 * are accurate for logits of any size.
 *
 * @param logits `[N, numClasses]`
 * @param classes int32 `[N]`; the class `numClasses` marks a row with no object, whose one-hot vector is all zero
 * @param weights `[N]`; no gradient
 * @returns `[N]`, weighted
 */
export function focalRows(
  logits: Tensor2D,
  classes: Tensor1D,
  weights: Tensor1D,
  { alpha, gamma }: FocalOptions,
): Tensor1D {
  const [rows, count] = logits.shape;
  // α of an element is mean + tilt s, and since s² = 1, α s is mean s + tilt.
  const [mean, tilt] = alpha < 0 ? [1, 0] : [0.5, 0.5 - alpha];
  return withGradient([logits], () => {
    const s = oneHotRows(classes, count, -1, 1);
    const z = mul(logits, s);
    const wrong = sigmoid(z);
    const entropy = softplus(z);
    const focus = gamma === 2 ? square(wrong) : pow(wrong, gamma);
    const losses = mul(mul(focus, entropy), add(mul(s, tilt), mean));
    return {
      value: mul<Tensor1D>(sum(losses, 1), weights),
      saved: [s, wrong, entropy, focus, weights] as const,
      gradient: (dy, [s, wrong, entropy, focus, weights]) => {
        const slope = mul(focus, add(mul(mul(sub(1, wrong), entropy), gamma), wrong));
        const signed = mul(slope, add(mul(s, mean), tilt));
        return [mul(signed, reshape(mul(dy, weights), [rows, 1]))];
      },
    };
  });
}
