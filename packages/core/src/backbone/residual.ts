/** The residual blocks of a ResNet, with frozen batch norm, laid out and named as in torchvision's models/resnet.py. */
import { type Tensor4D, tidy } from '@tensorflow/tfjs-core';
import { relu } from '../nn/activation.ts';
import { addSame } from '../nn/add.ts';
import { type ConvOptions, declareConv } from '../nn/conv.ts';
import { convFrozenBatchNorm, declareFrozenBatchNorm, frozenBatchNormParameters } from '../nn/frozen-batch-norm.ts';
import { normal, type ParameterDeclaration } from '../nn/init.ts';
import { type NamedTensors, namedTensor } from '../nn/named.ts';
import type { ParameterGroup } from '../nn/parameters.ts';

/** A convolution that keeps the size, but for its stride, and its batch norm. */
export interface Unit extends Pick<ConvOptions, 'stride' | 'dilation'> {
  /** the names of both */
  readonly conv: string;
  readonly norm: string;
  /** of the kernel, odd */
  readonly size: number;
  readonly inputs: number;
  readonly outputs: number;
}

export interface Block {
  /** with ReLU between them */
  readonly units: readonly Unit[];
  /** what the input goes through before the units' output is added to it, where the two differ in shape */
  readonly downsample?: Unit;
}

export interface StageOptions {
  /** start of all names, such as `layer2` */
  readonly name: string;
  readonly blocks: number;
  readonly bottleneck: boolean;
  readonly inputs: number;
  /** channels of the 3×3 convolutions */
  readonly width: number;
  /** of the first block */
  readonly stride: number;
  /** of the other blocks */
  readonly dilation: number;
}

/** How many times more channels come out of a bottleneck than its 3×3 convolution has. */
export const expansion = 4;

/** The blocks of one stage. */
export function residualStage({ name, blocks, bottleneck, inputs, width, stride, dilation }: StageOptions): Block[] {
  const outputs = bottleneck ? expansion * width : width;
  return Array.from({ length: blocks }, (_, i) => {
    const first = i === 0;
    const at = `${name}.${i}`;
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
    const units = convs.map((conv, j) => ({ conv: `${at}.conv${j + 1}`, norm: `${at}.bn${j + 1}`, ...conv }));
    if (!first || (stride === 1 && inputs === outputs)) return { units };
    const names = { conv: `${at}.downsample.0`, norm: `${at}.downsample.1` };
    return { units, downsample: { ...names, size: 1, inputs, outputs, stride } };
  });
}

/** The units of blocks, in the order of torchvision's parameters. */
export function unitsOf(blocks: readonly Block[]): Unit[] {
  return blocks.flatMap(({ units, downsample }) => (downsample === undefined ? units : [...units, downsample]));
}

/** Declares a unit's kernel in `group`, started as torchvision does, and its batch norm. */
export function declareUnit(
  { conv, norm, size, inputs, outputs }: Unit,
  group: ParameterGroup,
): ParameterDeclaration[] {
  // He et al. 2015, https://arxiv.org/abs/1502.01852, by the number of outputs.
  const init = normal(Math.sqrt(2 / (size * size * outputs)));
  return [...declareConv(conv, { size, inputs, outputs, group, init }), ...declareFrozenBatchNorm(norm, outputs)];
}

/**
 * @param x `[B, H, W, inputs]`
 * @returns `[B, ⌈H / stride⌉, ⌈W / stride⌉, outputs]`
 */
export function applyUnit(tensors: NamedTensors, x: Tensor4D, unit: Unit): Tensor4D {
  const { conv, norm, size, stride = 1, dilation = 1 } = unit;
  return convFrozenBatchNorm(x, namedTensor(tensors, `${conv}.weight`), frozenBatchNormParameters(tensors, norm), {
    stride,
    dilation,
    padding: (dilation * (size - 1)) / 2,
  });
}

/**
 * @param x `[B, H, W, C]`
 * @returns `[B, h, w, outputs of the last unit]`
 */
export function applyBlock(tensors: NamedTensors, x: Tensor4D, { units, downsample }: Block): Tensor4D {
  // Whole images of activations: freed block by block where no gradient needs them.
  return tidy(() => {
    const y = units.reduce((y, unit, i) => applyUnit(tensors, i === 0 ? y : relu(y), unit), x);
    return relu(addSame(y, downsample === undefined ? x : applyUnit(tensors, x, downsample)));
  });
}
