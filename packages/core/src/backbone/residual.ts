/** The residual blocks of a ResNet, with frozen batch norm, laid out and named as in torchvision's models/resnet.py. */
import { type Tensor4D, tidy } from '@tensorflow/tfjs-core';
import { relu } from '../nn/activation.ts';
import { addSame } from '../nn/add.ts';
import type { ConvOptions } from '../nn/conv.ts';
import { convFrozenBatchNorm, frozenBatchNorm } from '../nn/frozen-batch-norm.ts';
import { normal } from '../nn/init.ts';
import { type Module, parameter, parametersOf } from '../nn/module.ts';
import type { ParameterGroup } from '../nn/parameters.ts';

export interface UnitOptions extends Pick<ConvOptions, 'stride' | 'dilation'> {
  /** sides of the kernel, odd */
  readonly size: number;
  readonly inputs: number;
  readonly outputs: number;
  /** group of the kernel; the batch norm is frozen */
  readonly group: ParameterGroup;
}

/**
 * A convolution that keeps the size, but for its stride, and its batch norm: from `[B, H, W, inputs]` to
 * `[B, ⌈H / stride⌉, ⌈W / stride⌉, outputs]`. The kernel starts as torchvision's does.
 *
 * @param conv name of the convolution
 * @param norm name of the batch norm
 */
export function convUnit(
  conv: string,
  norm: string,
  { size, inputs, outputs, stride = 1, dilation = 1, group }: UnitOptions,
): Module<Tensor4D, Tensor4D> {
  const shape = [size, size, inputs, outputs];
  // He et al. 2015, https://arxiv.org/abs/1502.01852, by the number of outputs.
  const init = normal(Math.sqrt(2 / (size * size * outputs)));
  const kernel = parameter<Tensor4D>({ name: `${conv}.weight`, shape, kernel: true, group, init });
  const batchNorm = frozenBatchNorm(norm, outputs);
  const options = { stride, dilation, padding: (dilation * (size - 1)) / 2 };
  return {
    parameters: parametersOf(kernel, batchNorm),
    apply: (tensors, x) => convFrozenBatchNorm(x, kernel.apply(tensors), batchNorm.apply(tensors), options),
  };
}

export interface StageOptions {
  readonly blocks: number;
  readonly bottleneck: boolean;
  readonly inputs: number;
  /** channels of the 3×3 convolutions */
  readonly width: number;
  /** stride of the first block */
  readonly stride: number;
  /** dilation of the other blocks */
  readonly dilation: number;
  /** group of the kernels; batch norms are frozen */
  readonly group: ParameterGroup;
}

/** How many times more channels come out of a bottleneck than its 3×3 convolution has. */
export const expansion = 4;

/**
 * The blocks of one stage, from `[B, H, W, inputs]` to `[B, h, w, outputs of the last block]`.
 *
 * @param name such as `layer2`
 */
export function residualStage(name: string, options: StageOptions): Module<Tensor4D, Tensor4D> {
  const blocks = Array.from({ length: options.blocks }, (_, i) => residualBlock(`${name}.${i}`, options, i === 0));
  return {
    parameters: parametersOf(...blocks),
    apply: (tensors, x) => blocks.reduce((y, block) => block.apply(tensors, y), x),
  };
}

/** Units with ReLU between them, added to the input, or to a unit of it where the two differ in shape. */
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
    // Whole images of activations: freed block by block where no gradient needs them.
    apply: (tensors, x) =>
      tidy(() => {
        const y = units.reduce((y, unit, i) => unit.apply(tensors, i === 0 ? y : relu(y)), x);
        return relu(addSame(y, downsample === undefined ? x : downsample.apply(tensors, x)));
      }),
  };
}
