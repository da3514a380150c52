/**
 * The blocks of EfficientNet-Lite: MobileNetV2's inverted residuals (Sandler et al. 2018,
 * https://arxiv.org/abs/1801.04381) with TensorFlow's padding, and the layout and names of the PyTorch port
 * efficientnet-lite-pytorch.
 */
import { conv2d, type Tensor4D, tidy } from '@tensorflow/tfjs-core';
import { relu6 } from '../nn/activation.ts';
import { addSame } from '../nn/add.ts';
import { depthwiseConv2d } from '../nn/depthwise.ts';
import { normedConvolution } from '../nn/frozen-batch-norm.ts';
import { type Module, parametersOf } from '../nn/module.ts';

/** Sizes of a convolution with TensorFlow's padding `SAME` and a batch norm. */
export interface SameConvOptions {
  readonly size: number;
  readonly stride: number;
  /** Input channels; left out for a depthwise convolution, which has as many as `outputs`. */
  readonly inputs?: number;
  readonly outputs: number;
  /** Whether the kernel and the norm's weight and bias are trained; its statistics never are. */
  readonly trained: boolean;
}

/**
 * A convolution followed by its batch norm, from `[B, H, W, inputs]` to `[B, ⌈H / stride⌉, ⌈W / stride⌉, outputs]`.
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

/** Sizes of an inverted residual block. */
export interface InvertedResidualOptions {
  readonly inputs: number;
  readonly outputs: number;
  /** Ratio of the depthwise convolution's width to the input's; with 1 the widening convolution is left out. */
  readonly expansion: number;
  /** Height and width of the depthwise kernel. */
  readonly size: number;
  /** Stride of the depthwise convolution. */
  readonly stride: number;
  readonly trained: boolean;
}

/**
 * Widens the input, convolves each channel separately and projects the result. The input is added if the shapes agree;
 * no activation follows the sum.
 *
 * @param name for example `_blocks.3`
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
    // Free the wide maps block by block if no gradient needs them.
    apply: (tensors, x) =>
      tidy(() => {
        const wide = expand === undefined ? x : relu6(expand.apply(tensors, x));
        const y = project.apply(tensors, relu6(depthwise.apply(tensors, wide)));
        return isResidual ? addSame(y, x) : y;
      }),
  };
}
