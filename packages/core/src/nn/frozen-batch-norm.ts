/**
 * Batch norm whose statistics are frozen, and its scale and shift too unless they are trained, as in DETR's backbone.
 */
import { add, mul, rsqrt, sub, type Tensor1D, type Tensor4D } from '@tensorflow/tfjs-core';
import { addChannels } from './conv.ts';
import { withGradient } from './custom-gradient.ts';
import { detach } from './detach.ts';
import { constant, normal } from './init.ts';
import { type Module, parameter, parametersOf } from './module.ts';
import type { ParameterGroup } from './parameters.ts';

/** The tensors of a batch norm, each `[C]`. */
export interface BatchNormTensors {
  readonly weight: Tensor1D;
  readonly bias: Tensor1D;
  readonly runningMean: Tensor1D;
  readonly runningVar: Tensor1D;
}

/** How a frozen batch norm is folded into a convolution. */
export interface FoldOptions {
  /** Added to the variance, as in `FrozenBatchNorm2d` of detr's models/backbone.py. @defaultValue 1e-5 */
  readonly epsilon?: number;
  /** Whether gradients flow to the norm's weight and bias. @defaultValue false */
  readonly trainNorm?: boolean;
}

/**
 * A convolution and the batch norm after it as one convolution, with the kernel `w γ / √(σ² + ε)` and the bias
 * `β - μ γ / √(σ² + ε)`. Gradients flow to `x`, to the kernel and, if they are trained, to γ and β.
 *
 * @param x `[B, H, W, in]`
 * @param kernel w, `[…, out]`
 * @param norm `[out]` each
 * @param convolve the convolution without the norm, to `[B, h, w, out]`
 * @returns `[B, h, w, out]`
 */
export function convFrozenBatchNorm(
  x: Tensor4D,
  kernel: Tensor4D,
  norm: BatchNormTensors,
  convolve: (x: Tensor4D, kernel: Tensor4D) => Tensor4D,
  { epsilon = 1e-5, trainNorm = false }: FoldOptions = {},
): Tensor4D {
  if (trainNorm) {
    const scale = mul<Tensor1D>(norm.weight, detach(rsqrt(add(norm.runningVar, epsilon))));
    const bias = sub<Tensor1D>(norm.bias, mul(detach(norm.runningMean), scale));
    return addChannels(convolve(x, mul<Tensor4D>(kernel, scale)), bias);
  }
  const scale = mul(norm.weight, rsqrt(add(norm.runningVar, epsilon)));
  const weight = withGradient([kernel], () => ({
    value: mul<Tensor4D>(kernel, scale),
    saved: [scale] as const,
    gradient: (dy, [scale]) => [mul(dy, scale)],
  }));
  const y = convolve(x, weight);
  return withGradient([y], () => ({
    value: add<Tensor4D>(y, sub(norm.bias, mul(norm.runningMean, scale))),
    saved: [],
    gradient: (dy) => [dy.clone()],
  }));
}

/**
 * The four tensors of a batch norm, which start as the identity. The statistics are always in the group `frozen`.
 *
 * @param name the parameters are `name.weight`, `name.bias`, `name.running_mean` and `name.running_var`, each `[width]`
 * @param group group of weight and bias
 */
export function frozenBatchNorm(
  name: string,
  width: number,
  group: ParameterGroup = 'frozen',
): Module<void, BatchNormTensors> {
  const tensor = (key: string, group: ParameterGroup, start: number): Module<void, Tensor1D> =>
    parameter({ name: `${name}.${key}`, shape: [width], group, init: constant(start) });
  const [weight, bias] = [tensor('weight', group, 1), tensor('bias', group, 0)];
  const [runningMean, runningVar] = [tensor('running_mean', 'frozen', 0), tensor('running_var', 'frozen', 1)];
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

/** Sizes of a convolution followed by a frozen batch norm. */
export interface NormedConvolutionOptions {
  /** Height and width of the kernel. */
  readonly size: number;
  /** Number of inputs of each output: 1 for a depthwise convolution. */
  readonly inputs: number;
  readonly outputs: number;
  /** Number of outputs of each input: 1 for a depthwise convolution. @defaultValue `outputs` */
  readonly fanOut?: number;
  /** Group of the kernel. */
  readonly group: ParameterGroup;
  /** Group of the norm's weight and bias. @defaultValue 'frozen' */
  readonly normGroup?: ParameterGroup;
  /** Added to the variance. @defaultValue 1e-5 */
  readonly epsilon?: number;
  /** The convolution without the norm, with a kernel `[size, size, inputs, outputs]`. */
  readonly convolve: (x: Tensor4D, kernel: Tensor4D) => Tensor4D;
}

/**
 * A convolution with its batch norm folded into it. The kernel starts from a normal distribution scaled by the number
 * of outputs, as in torchvision's ResNets and TensorFlow's EfficientNets (He et al. 2015,
 * https://arxiv.org/abs/1502.01852).
 *
 * @param conv the kernel is `conv.weight`
 * @param norm name of the batch norm
 */
export function normedConvolution(
  conv: string,
  norm: string,
  { size, inputs, outputs, fanOut = outputs, group, normGroup = 'frozen', convolve, ...fold }: NormedConvolutionOptions,
): Module<Tensor4D, Tensor4D> {
  const init = normal(Math.sqrt(2 / (size * size * fanOut)));
  const shape = [size, size, inputs, outputs];
  const kernel = parameter<Tensor4D>({ name: `${conv}.weight`, shape, kernel: true, group, init });
  const batchNorm = frozenBatchNorm(norm, outputs, normGroup);
  const options = { ...fold, trainNorm: normGroup !== 'frozen' };
  return {
    parameters: parametersOf(kernel, batchNorm),
    apply: (tensors, x) => convFrozenBatchNorm(x, kernel.apply(tensors), batchNorm.apply(tensors), convolve, options),
  };
}
