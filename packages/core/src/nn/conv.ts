/** Two-dimensional convolution of `[B, H, W, C]`, with the parameter names of `torch.nn.Conv2d`. */
import {
  add,
  batchToSpaceND,
  conv2d as conv2dOp,
  spaceToBatchND,
  sum,
  type Tensor1D,
  type Tensor4D,
} from '@tensorflow/tfjs-core';
import { withGradient } from './custom-gradient.ts';
import { fanInUniform, type Init } from './init.ts';
import { type Module, parameter, parametersOf } from './module.ts';
import { padForWindows } from './pad.ts';
import type { ParameterGroup } from './parameters.ts';

/** How a kernel moves over its input. */
export interface ConvOptions {
  /** Step of the kernel, in pixels. @defaultValue 1 */
  readonly stride?: number;
  /** Zeros on each side of both axes. @defaultValue 0 */
  readonly padding?: number;
  /** Distance in the input between neighbouring kernel elements. @defaultValue 1 */
  readonly dilation?: number;
}

/** Sizes of a convolution with parameters, and their initialisers. */
export interface ConvolutionOptions extends ConvOptions {
  /** Height and width of the kernel. */
  readonly size: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly group: ParameterGroup;
  /** Whether there is a bias. @defaultValue false */
  readonly bias?: boolean;
  /** Initialisers of kernel and bias, by default PyTorch's: `fanInUniform(size * size * inputs)` for both. */
  readonly init?: { readonly weight: Init; readonly bias: Init };
}

/**
 * A convolution of images `[B, H, W, inputs]` with a square kernel.
 *
 * @param name the parameters are `name.weight` `[size, size, inputs, outputs]` and, with `bias`, `name.bias`
 *   `[outputs]`
 */
export function convolution(
  name: string,
  { size, inputs, outputs, group, bias: hasBias = false, init, ...options }: ConvolutionOptions,
): Module<Tensor4D, Tensor4D> {
  const start = fanInUniform(size * size * inputs);
  const { weight: weightInit, bias: biasInit } = init ?? { weight: start, bias: start };
  const shape = [size, size, inputs, outputs];
  const weight = parameter<Tensor4D>({ name: `${name}.weight`, shape, kernel: true, group, init: weightInit });
  const bias = hasBias
    ? parameter<Tensor1D>({ name: `${name}.bias`, shape: [outputs], group, init: biasInit })
    : undefined;
  return {
    parameters: parametersOf(weight, bias),
    apply: (tensors, x) => conv2d(x, { weight: weight.apply(tensors), bias: bias?.apply(tensors) }, options),
  };
}

/**
 * Convolves with a square kernel. The gradients are tfjs's own, because each is computed separately and only where it
 * is needed: there is none for the images or for frozen features.
 *
 * @param x `[B, H, W, in]`
 * @param parameters weight `[k, k, in, out]`, which checkpoints store as `[out, in, k, k]`, and bias `[out]`
 * @returns `[B, h, w, out]`, with h and w rounded as in PyTorch
 * @throws if the kernel is not square, does not fit the channels or the image, or is both dilated and strided
 */
export function conv2d(
  x: Tensor4D,
  { weight, bias }: { readonly weight: Tensor4D; readonly bias?: Tensor1D | undefined },
  { stride = 1, padding = 0, dilation = 1 }: ConvOptions = {},
): Tensor4D {
  const [size, kernelWidth, inputs] = weight.shape;
  if (size !== kernelWidth || x.shape[3] !== inputs) {
    throw new Error(`conv2d: input [${x.shape}] does not fit weight [${weight.shape}] (kept as [k, k, in, out])`);
  }
  if (dilation > 1 && stride > 1) throw new Error(`conv2d: dilation ${dilation} does not go with stride ${stride}`);
  const y = dilation > 1 ? dilated(x, weight, padding, dilation) : strided(x, weight, padding, stride);
  return bias === undefined ? y : addChannels(y, bias);
}

/** Adds a bias `[C]` to `[B, H, W, C]`. Unlike this, tfjs's own sum keeps its inputs until the gradient is done. */
export function addChannels(y: Tensor4D, bias: Tensor1D): Tensor4D {
  return withGradient([y, bias], () => ({
    value: add<Tensor4D>(y, bias),
    saved: [],
    gradient: (dy) => [dy.clone(), sum(dy, [0, 1, 2])],
  }));
}

function strided(x: Tensor4D, weight: Tensor4D, padding: number, stride: number): Tensor4D {
  const [size] = weight.shape;
  // Native gradients do not support explicit padding: it must either equal that of 'same' or be a separate op.
  if (stride === 1 && 2 * padding === size - 1) return conv2dOp(x, weight, 1, 'same');
  return conv2dOp(padForWindows(x, { size, stride, padding }), weight, stride, 'valid');
}

/**
 * Splits every `dilation`-th pixel into a separate image and convolves without dilation, which tfjs's gradients lack.
 */
function dilated(x: Tensor4D, weight: Tensor4D, padding: number, dilation: number): Tensor4D {
  const [, height, width] = x.shape;
  // Zeros at the end that make the padded axes divisible by the dilation.
  const [below, beside] = [height, width].map((length) => {
    const rest = (length + 2 * padding) % dilation;
    return rest === 0 ? 0 : dilation - rest;
  }) as [number, number];
  const images = spaceToBatchND(
    x,
    [dilation, dilation],
    [
      [padding, padding + below],
      [padding, padding + beside],
    ],
  );
  return batchToSpaceND(
    conv2dOp(images, weight, 1, 'valid'),
    [dilation, dilation],
    [
      [0, below],
      [0, beside],
    ],
  );
}
