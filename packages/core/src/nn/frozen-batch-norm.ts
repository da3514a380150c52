/** Batch norm whose statistics and scale stay as they are, as DETR keeps those of its backbone. */
import { add, mul, rsqrt, sub, type Tensor1D, type Tensor4D } from '@tensorflow/tfjs-core';
import { type ConvOptions, conv2d } from './conv.ts';
import { withGradient } from './custom-gradient.ts';
import { constant } from './init.ts';
import { type Module, parameter, parametersOf } from './module.ts';

/** All `[C]`. */
export interface BatchNormTensors {
  readonly weight: Tensor1D;
  readonly bias: Tensor1D;
  readonly runningMean: Tensor1D;
  readonly runningVar: Tensor1D;
}

/** Of `FrozenBatchNorm2d` in detr's models/backbone.py. */
const epsilon = 1e-5;

/**
 * A convolution and the batch norm after it as one convolution, with the kernel `w γ / √(σ² + ε)` and the bias
 * `β - μ γ / √(σ² + ε)`. Gradients flow to `x` and to the kernel alone.
 *
 * @param x `[B, H, W, in]`
 * @param kernel w, `[k, k, in, out]`
 * @param norm `[out]` each
 * @returns `[B, h, w, out]`
 */
export function convFrozenBatchNorm(
  x: Tensor4D,
  kernel: Tensor4D,
  norm: BatchNormTensors,
  options: ConvOptions,
): Tensor4D {
  const scale = mul(norm.weight, rsqrt(add(norm.runningVar, epsilon)));
  const weight = withGradient([kernel], () => ({
    value: mul<Tensor4D>(kernel, scale),
    saved: [scale] as const,
    gradient: (dy, [scale]) => [mul(dy, scale)],
  }));
  const y = conv2d(x, { weight }, options);
  return withGradient([y], () => ({
    value: add<Tensor4D>(y, sub(norm.bias, mul(norm.runningMean, scale))),
    saved: [],
    gradient: (dy) => [dy.clone()],
  }));
}

/**
 * The four tensors of a batch norm, in the group `frozen`; they start as the identity.
 *
 * @param name they are `name.weight`, `name.bias`, `name.running_mean` and `name.running_var`, `[width]` each
 */
export function frozenBatchNorm(name: string, width: number): Module<void, BatchNormTensors> {
  const frozen = (key: string, start: number): Module<void, Tensor1D> =>
    parameter({ name: `${name}.${key}`, shape: [width], group: 'frozen', init: constant(start) });
  const [weight, bias] = [frozen('weight', 1), frozen('bias', 0)];
  const [runningMean, runningVar] = [frozen('running_mean', 0), frozen('running_var', 1)];
  return {
    parameters: parametersOf(weight, bias, runningMean, runningVar),
    apply: (tensors) => ({
      weight: weight.apply(tensors),
      bias: bias.apply(tensors),
      runningMean: runningMean.apply(tensors),
      runningVar: runningVar.apply(tensors),
    }),
  };
}
