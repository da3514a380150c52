/** Gradient clipping by the joint norm of all gradients, as in `torch.nn.utils.clip_grad_norm_`. */
import {
  add,
  addN,
  div,
  engine,
  minimum,
  mul,
  type Scalar,
  scalar,
  sqrt,
  square,
  sum,
  type Tensor1D,
  tidy,
} from '@tensorflow/tfjs-core';
import { hasKernel } from '../nn/kernel-op.ts';

/** The Euclidean norm over all groups, a scalar tensor. */
export function globalNorm(grads: readonly Tensor1D[]): Scalar {
  return tidy(() => sqrt(addN(grads.map(sumOfSquares))));
}

function sumOfSquares(x: Tensor1D): Scalar {
  if (hasKernel('DnSumOfSquares')) return engine().runKernel<Scalar>('DnSumOfSquares', { x });
  return tidy(() => sum<Scalar>(square(x)));
}

/**
 * The factor that all gradients are to be multiplied by: `min(1, maxNorm / (norm + 1e-6))`. A gradient with a NaN or an
 * infinity makes `norm` non-finite, so checking that one number is enough.
 *
 * @param grads one `[size]` tensor per group
 * @param maxNorm the largest norm allowed, above 0; DETR trains with 0.1
 * @returns the factor, a scalar, and the norm before clipping
 * @throws RangeError if `maxNorm` is not above 0
 */
export function clipFactor(grads: readonly Tensor1D[], maxNorm: number): { factor: Scalar; norm: Scalar } {
  if (!(maxNorm > 0)) {
    throw new RangeError(`the largest gradient norm must be above 0, got ${maxNorm}: leave clipping out to have none`);
  }
  return tidy(() => {
    const norm = globalNorm(grads);
    return { factor: minimum<Scalar>(div(scalar(maxNorm), add(norm, 1e-6)), 1), norm };
  });
}

/**
 * Scales all gradients by `clipFactor`. If they are only needed for `adamwStep`, pass it the factor instead of scaled
 * gradients, which saves a pass over memory.
 *
 * @returns the scaled gradients, one `[size]` tensor per group, and the norm before clipping
 * @throws RangeError if `maxNorm` is not above 0
 */
export function clipByGlobalNorm(grads: readonly Tensor1D[], maxNorm: number): { grads: Tensor1D[]; norm: Scalar } {
  return tidy(() => {
    const { factor, norm } = clipFactor(grads, maxNorm);
    return { grads: grads.map((gradient) => mul<Tensor1D>(gradient, factor)), norm };
  });
}
