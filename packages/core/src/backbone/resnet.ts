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
  /** Number of blocks of each stage. */
  readonly blocks: OfFourStages;
  /** Whether the blocks are bottlenecks, after which come four times `widths` channels, or basic. */
  readonly bottleneck: boolean;
  /** Channels of the first convolution. @defaultValue 64 */
  readonly stem?: number;
  /** Channels of each stage's 3×3 convolutions. @defaultValue [64, 128, 256, 512] */
  readonly widths?: OfFourStages;
}

/** Those of torchvision. */
const sizesByDepth = {
  18: { blocks: [2, 2, 2, 2], bottleneck: false },
  34: { blocks: [3, 4, 6, 3], bottleneck: false },
  50: { blocks: [3, 4, 6, 3], bottleneck: true },
  101: { blocks: [3, 4, 23, 3], bottleneck: true },
} as const satisfies Record<number, ResNetSizes>;

/** The depths of ResNet that there are. */
export type ResNetDepth = keyof typeof sizesByDepth;

/** The stages that can be handed out as levels, C2 to C5 in papers. */
const levelNames = ['layer1', 'layer2', 'layer3', 'layer4'] as const;

/** The stages of a ResNet that can hand out their features. */
export type ResNetLevel = (typeof levelNames)[number];

/** One of torchvision's, or one of other sizes. */
export type ResNetOptions = ResNetVariant & ({ readonly depth: ResNetDepth } | { readonly sizes: ResNetSizes });

/** Options that exist at any size. */
export interface ResNetVariant {
  /**
   * Stages whose features are returned, of strides 4, 8, 16 and 32. Stages after the last of them are not part of the
   * network.
   *
   * @defaultValue ['layer4']
   */
  readonly levels?: readonly ResNetLevel[];
  /** Whether the last stage is dilated in place of strided (DC5), so that its stride is 16. @defaultValue false */
  readonly dilation?: boolean;
  /**
   * How many stages are trained, counted from layer4: 0 for none, 5 for all with the first convolution. No gradient
   * flows into those that are not.
   *
   * @defaultValue 3, which is layer2 to layer4 as in detr
   */
  readonly trainStages?: number;
  /** Start of all names; empty in torchvision's. @defaultValue 'backbone.0.body.', as in detr's checkpoints */
  readonly prefix?: string;
}

/**
 * The network of these sizes, up to the last of its levels.
 *
 * @throws if there are no such levels, the blocks have no dilated form, or there are not that many stages to train
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
        // Of the first convolution, then of the stages.
        const outputs = outputsOfParts(parts, tensors, images);
        return stages.map((i) => outputs[i + 1] as Tensor4D);
      }),
    upTo: (level) =>
      resnet({ ...options, levels: stages.slice(0, level + 1).map((i) => levelNames[i] as ResNetLevel) }),
  };
}

/** The stages to hand out, counted from 0, the finest first. */
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

/** Channels that come out of stage `i`, counted from 0. */
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

/** The largest of 3×3 neighbours at every second pixel. */
function pool(x: Tensor4D): Tensor4D {
  // PyTorch pads with −∞; zeros do where nothing is below them.
  return maxPool(padForWindows(x, { size: 3, stride: 2, padding: 1 }), 3, 2, 'valid');
}
