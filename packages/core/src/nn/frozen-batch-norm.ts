/** Batch norm whose statistics and scale stay as they are, as DETR keeps those of its backbone. */
import { add, mul, rsqrt, sub, type Tensor1D, type Tensor4D } from '@tensorflow/tfjs-core';
import { type ConvOptions, conv2d } from './conv.ts';
import { withGradient } from './custom-gradient.ts';
import { constant, type ParameterDeclaration } from './init.ts';
import { type NamedTensors, namedTensor } from './named.ts';

/** All `[C]`. */
export interface BatchNormParameters {
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
  norm: BatchNormParameters,
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

/** Declares the four tensors of a frozen batch norm, in the group `frozen`; they start as the identity. */
export function declareFrozenBatchNorm(prefix: string, width: number): ParameterDeclaration[] {
  return Object.entries({ weight: 1, bias: 0, running_mean: 0, running_var: 1 }).map(([key, start]) => ({
    name: `${prefix}.${key}`,
    shape: [width],
    group: 'frozen',
    init: constant(start),
  }));
}

/** The parameters that `declareFrozenBatchNorm` declares. */
export function frozenBatchNormParameters(tensors: NamedTensors, prefix: string): BatchNormParameters {
  return {
    weight: namedTensor(tensors, `${prefix}.weight`),
    bias: namedTensor(tensors, `${prefix}.bias`),
    runningMean: namedTensor(tensors, `${prefix}.running_mean`),
    runningVar: namedTensor(tensors, `${prefix}.running_var`),
  };
}
