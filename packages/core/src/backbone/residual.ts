/**
 * The residual blocks of a ResNet with frozen batch norm, with the layout and names of torchvision's models/resnet.py.
 */
import { type Tensor4D, tidy } from '@tensorflow/tfjs-core';
import { relu } from '../nn/activation.ts';
import { addSame } from '../nn/add.ts';
import { type ConvOptions, conv2d } from '../nn/conv.ts';
import { normedConvolution } from '../nn/frozen-batch-norm.ts';
import { inSequence, type Module, parametersOf } from '../nn/module.ts';
import type { ParameterGroup } from '../nn/parameters.ts';

/** Sizes of a convolution followed by a frozen batch norm. */
export interface UnitOptions extends Pick<ConvOptions, 'stride' | 'dilation'> {
  /** Height and width of the kernel; odd. */
  readonly size: number;
  readonly inputs: number;
  readonly outputs: number;
  /** Group of the kernel; the batch norm is frozen. */
  readonly group: ParameterGroup;
}

/**
 * A convolution, padded so that only its stride changes the size, followed by its batch norm: from `[B, H, W, inputs]`
 * to `[B, ⌈H / stride⌉, ⌈W / stride⌉, outputs]`.
 *
 * @param conv name of the convolution
 * @param norm name of the batch norm
 */
export function convUnit(
  conv: string,
  norm: string,
  { size, inputs, outputs, stride = 1, dilation = 1, group }: UnitOptions,
): Module<Tensor4D, Tensor4D> {
  const options = { stride, dilation, padding: (dilation * (size - 1)) / 2 };
  const convolve = (x: Tensor4D, weight: Tensor4D): Tensor4D => conv2d(x, { weight }, options);
  return normedConvolution(conv, norm, { size, inputs, outputs, group, convolve });
}

/** Sizes of one stage of a ResNet. */
export interface StageOptions {
  readonly blocks: number;
  readonly bottleneck: boolean;
  readonly inputs: number;
  /** Channels of the 3×3 convolutions. */
  readonly width: number;
  /** Stride of the first block. */
  readonly stride: number;
  /** Dilation of the other blocks. */
  readonly dilation: number;
  /** Group of the kernels; batch norms are frozen. */
  readonly group: ParameterGroup;
}

/** Ratio of a bottleneck's output channels to the channels of its 3×3 convolution. */
export const expansion = 4;

/**
 * The blocks of one stage, from `[B, H, W, inputs]` to `[B, h, w, outputs of the last block]`.
 *
 * @param name for example `layer2`
 */
export function residualStage(name: string, options: StageOptions): Module<Tensor4D, Tensor4D> {
  return inSequence(Array.from({ length: options.blocks }, (_, i) => residualBlock(`${name}.${i}`, options, i === 0)));
}

/** Units with ReLU between them, added to the input, or to a projection of the input if the shapes differ. */
function residualBlock(
  name: string,
  { bottleneck, inputs, width, stride, dilation, group }: StageOptions,
  first: boolean,
): Module<Tensor4D, Tensor4D> {
  const outputs = bottleneck ? expansion * width : width;
  const from = first ? inputs : outputs;
  const step = first ? { stride } : { dilation };
  const convs = bottleneck
    ? [
        { size: 1, inputs: from, outputs: width },
        { size: 3, inputs: width, outputs: width, ...step },
        { size: 1, inputs: width, outputs },
      ]
    : [
        { size: 3, inputs: from, outputs: width, ...step },
        { size: 3, inputs: width, outputs: width },
      ];
  const units = convs.map((conv, i) => convUnit(`${name}.conv${i + 1}`, `${name}.bn${i + 1}`, { ...conv, group }));
  const downsample =
    first && (stride !== 1 || inputs !== outputs)
      ? convUnit(`${name}.downsample.0`, `${name}.downsample.1`, { size: 1, inputs, outputs, stride, group })
      : undefined;
  return {
    parameters: parametersOf(...units, downsample),
    // Free the activations, which are entire images, block by block if no gradient needs them.
    apply: (tensors, x) =>
      tidy(() => {
        const y = units.reduce((y, unit, i) => unit.apply(tensors, i === 0 ? y : relu(y)), x);
        return relu(addSame(y, downsample === undefined ? x : downsample.apply(tensors, x)));
      }),
  };
}
