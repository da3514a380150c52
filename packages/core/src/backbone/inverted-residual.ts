/**
 * The blocks of EfficientNet-Lite: MobileNetV2's inverted residuals (Sandler et al. 2018, https://arxiv.org/abs/1801.04381)
 * with TensorFlow's padding, laid out and named as in the PyTorch port efficientnet-lite-pytorch.
 */
import { conv2d, type Tensor4D, tidy } from '@tensorflow/tfjs-core';
import { relu6 } from '../nn/activation.ts';
import { addSame } from '../nn/add.ts';
import { depthwiseConv2d } from '../nn/depthwise.ts';
import { normedConvolution } from '../nn/frozen-batch-norm.ts';
import { type Module, parametersOf } from '../nn/module.ts';

export interface SameConvOptions {
  readonly size: number;
  readonly stride: number;
  /** Input channels; left out for a depthwise convolution, which has as many as `outputs`. */
  readonly inputs?: number;
  readonly outputs: number;
  /** Kernel, and weight and bias of the norm; its statistics are not. */
  readonly trained: boolean;
}

/**
 * A convolution and its batch norm, from `[B, H, W, inputs]` to `[B, ⌈H / stride⌉, ⌈W / stride⌉, outputs]`.
 *
 * @param conv name of the convolution
 * @param norm name of the batch norm
 */
export function sameConvUnit(
  conv: string,
  norm: string,
  { size, stride, inputs, outputs, trained }: SameConvOptions,
): Module<Tensor4D, Tensor4D> {
  const group = trained ? 'backbone' : 'frozen';
  const kernel =
    inputs === undefined
      ? {
          inputs: 1,
          fanOut: 1,
          convolve: (x: Tensor4D, weight: Tensor4D): Tensor4D => depthwiseConv2d(x, weight, stride),
        }
      : { inputs, convolve: (x: Tensor4D, weight: Tensor4D): Tensor4D => conv2d(x, weight, stride, 'same') };
  return normedConvolution(conv, norm, { size, outputs, group, normGroup: group, epsilon: 1e-3, ...kernel });
}

export interface InvertedResidualOptions {
  readonly inputs: number;
  readonly outputs: number;
  /** How many times wider the depthwise convolution is than the input; 1 leaves the widening out. */
  readonly expansion: number;
  /** Sides and stride of the depthwise convolution. */
  readonly size: number;
  readonly stride: number;
  readonly trained: boolean;
}

/**
 * Widens, convolves every channel by itself, projects; the input is added where the shape allows. The sum passes no
 * activation.
 *
 * @param name such as `_blocks.3`
 */
export function invertedResidual(
  name: string,
  { inputs, outputs, expansion, size, stride, trained }: InvertedResidualOptions,
): Module<Tensor4D, Tensor4D> {
  const width = expansion * inputs;
  const point = { size: 1, stride: 1, trained };
  const expand =
    expansion === 1
      ? undefined
      : sameConvUnit(`${name}._expand_conv`, `${name}._bn0`, { ...point, inputs, outputs: width });
  const depthwise = sameConvUnit(`${name}._depthwise_conv`, `${name}._bn1`, { size, stride, outputs: width, trained });
  const project = sameConvUnit(`${name}._project_conv`, `${name}._bn2`, { ...point, inputs: width, outputs });
  const isResidual = stride === 1 && inputs === outputs;
  return {
    parameters: parametersOf(expand, depthwise, project),
    // The wide maps are freed block by block where no gradient needs them.
    apply: (tensors, x) =>
      tidy(() => {
        const wide = expand === undefined ? x : relu6(expand.apply(tensors, x));
        const y = project.apply(tensors, relu6(depthwise.apply(tensors, wide)));
        return isResidual ? addSame(y, x) : y;
      }),
  };
}
