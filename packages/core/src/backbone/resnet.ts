/** ResNet (He et al. 2015, https://arxiv.org/abs/1512.03385) in torchvision's version 1.5, with frozen batch norm. */
import { maxPool, type Tensor4D, tidy } from '@tensorflow/tfjs-core';
import { relu } from '../nn/activation.ts';
import { parametersOf } from '../nn/module.ts';
import { padForWindows } from '../nn/pad.ts';
import type { ParameterGroup } from '../nn/parameters.ts';
import type { Backbone } from './backbone.ts';
import { imageNet } from './normalization.ts';
import { outputsOfParts, type Part } from './part.ts';
import { convUnit, expansion, residualStage } from './residual.ts';

type OfFourStages = readonly [number, number, number, number];

/** Numbers of blocks and channels of a ResNet. */
export interface ResNetSizes {
  /** Number of blocks in each stage. */
  readonly blocks: OfFourStages;
  /** Whether the blocks are bottlenecks, which have four times `widths` output channels, or basic blocks. */
  readonly bottleneck: boolean;
  /** Channels of the first convolution. @defaultValue 64 */
  readonly stem?: number;
  /** Channels of each stage's 3×3 convolutions. @defaultValue [64, 128, 256, 512] */
  readonly widths?: OfFourStages;
}

/** The sizes in torchvision. */
const sizesByDepth = {
  18: { blocks: [2, 2, 2, 2], bottleneck: false },
  34: { blocks: [3, 4, 6, 3], bottleneck: false },
  50: { blocks: [3, 4, 6, 3], bottleneck: true },
  101: { blocks: [3, 4, 23, 3], bottleneck: true },
} as const satisfies Record<number, ResNetSizes>;

/** The available depths of ResNet. */
export type ResNetDepth = keyof typeof sizesByDepth;

/** The stages that can be returned as levels, called C2 to C5 in papers. */
const levelNames = ['layer1', 'layer2', 'layer3', 'layer4'] as const;

/** The stages of a ResNet that can be returned as feature levels. */
export type ResNetLevel = (typeof levelNames)[number];

/** Options of a ResNet: one of torchvision's depths, or other sizes. */
export type ResNetOptions = ResNetVariant & ({ readonly depth: ResNetDepth } | { readonly sizes: ResNetSizes });

/** Options that apply to a ResNet of any size. */
export interface ResNetVariant {
  /**
   * The stages whose features are returned, with strides 4, 8, 16 and 32. Stages after the last of them are not part of
   * the network.
   * @defaultValue ['layer4']
   */
  readonly levels?: readonly ResNetLevel[];
  /** Dilates the last stage instead of striding it (DC5), which makes its stride 16. @defaultValue false */
  readonly dilation?: boolean;
  /**
   * Number of trained stages, counted from layer4. 3 trains layer2 to layer4, as in detr; 0 trains none, and 5 trains
   * everything including the first convolution. No gradient flows into the other stages.
   * @defaultValue 3
   */
  readonly trainStages?: number;
  /**
   * Prefix of all parameter names, which is empty in torchvision's checkpoints. The default is that of detr's
   * checkpoints.
   * @defaultValue 'backbone.0.body.'
   */
  readonly prefix?: string;
}

/**
 * A ResNet of the given sizes, up to the last of its levels.
 *
 * @throws if a level does not exist, the blocks have no dilated form, or there are not that many stages to train
 */
export function resnet(options: ResNetOptions): Backbone {
  const sizes = fullSizes(options);
  const stages = stagesOf(options);
  const parts = partsOf(sizes, options).slice(0, (stages.at(-1) as number) + 2);
  return {
    parameters: parametersOf(...parts.map(({ module }) => module)),
    levels: stages.map((i) => ({
      channels: outputsOf(sizes, i),
      stride: options.dilation && i === 3 ? 16 : 4 * 2 ** i,
    })),
    normalization: imageNet,
    forward: (tensors, images) =>
      tidy(() => {
        // Outputs of the first convolution, then of the stages.
        const outputs = outputsOfParts(parts, tensors, images);
        return stages.map((i) => outputs[i + 1] as Tensor4D);
      }),
    upTo: (level) =>
      resnet({ ...options, levels: stages.slice(0, level + 1).map((i) => levelNames[i] as ResNetLevel) }),
  };
}

/** The stages to return, counted from 0, the finest first. */
function stagesOf({ levels = ['layer4'] }: ResNetVariant): number[] {
  const known = levelNames.filter((name) => levels.includes(name));
  if (known.length === 0 || known.length !== levels.length) {
    const wanted = `one or more of ${levelNames.join(', ')}`;
    throw new Error(`resnet: expected ${wanted} in levels, each once, got [${levels.join(', ')}]`);
  }
  return known.map((name) => levelNames.indexOf(name));
}

function fullSizes(options: ResNetOptions): Required<ResNetSizes> {
  const sizes: ResNetSizes = 'depth' in options ? sizesByDepth[options.depth] : options.sizes;
  const { stem = 64, widths = [64, 128, 256, 512] } = sizes;
  return { ...sizes, stem, widths };
}

/** Output channels of stage `i`, counted from 0. */
function outputsOf({ widths, bottleneck }: Required<ResNetSizes>, i: number): number {
  return (widths[i] as number) * (bottleneck ? expansion : 1);
}

function partsOf(
  sizes: Required<ResNetSizes>,
  { dilation = false, trainStages = 3, prefix = 'backbone.0.body.' }: ResNetVariant,
): Part[] {
  const { blocks, bottleneck, widths } = sizes;
  if (dilation && !bottleneck) {
    throw new Error('resnet: basic blocks have no dilated form; bottlenecks have, as those of depth 50 and 101');
  }
  if (![0, 1, 2, 3, 4, 5].includes(trainStages)) {
    throw new Error(`resnet: expected 0 to 5 in trainStages, got ${trainStages}`);
  }
  const groupOf = (trained: boolean): ParameterGroup => (trained ? 'backbone' : 'frozen');
  const conv1 = convUnit(`${prefix}conv1`, `${prefix}bn1`, {
    size: 7,
    inputs: 3,
    outputs: sizes.stem,
    stride: 2,
    group: groupOf(trainStages === 5),
  });
  const stem: Part = {
    module: { ...conv1, apply: (tensors, x) => pool(relu(conv1.apply(tensors, x))) },
    trained: trainStages === 5,
  };
  const stages = blocks.map((count, i): Part => {
    const dilated = dilation && i === 3;
    const trained = i >= 4 - trainStages;
    const module = residualStage(`${prefix}layer${i + 1}`, {
      blocks: count,
      bottleneck,
      inputs: i === 0 ? sizes.stem : outputsOf(sizes, i - 1),
      width: widths[i] as number,
      stride: i === 0 || dilated ? 1 : 2,
      dilation: dilated ? 2 : 1,
      group: groupOf(trained),
    });
    return { module, trained };
  });
  return [stem, ...stages];
}

/** Max pooling: the largest value of each 3×3 window, with stride 2. */
function pool(x: Tensor4D): Tensor4D {
  // PyTorch pads with −∞; zeros are equivalent because no value is below them.
  return maxPool(padForWindows(x, { size: 3, stride: 2, padding: 1 }), 3, 2, 'valid');
}
