/** The configurations of `bench step`. */
import { type Backbone, resnet, tiny } from '@dn-detr/core';

export interface StepConfig {
  /** images are square */
  readonly imageSize: number;
  readonly batch: number;
  readonly backbone: () => Backbone;
  readonly width: number;
  readonly heads: number;
  readonly feedForward: number;
  /** of encoder and decoder each */
  readonly layers: number;
  readonly queries: number;
  readonly numClasses: number;
  /** objects of the first image, and of the others at least and at most */
  readonly objects: { readonly first: number; readonly least: number; readonly most: number };
  /** threads for a single op; 1 for small models, whose ops are too short to be shared out; all by default */
  readonly threadsPerOp?: number;
}

const few = { first: 8, least: 3, most: 6 };

export const stepConfigs = {
  /** the quick recipe of the comparison */
  micro: {
    imageSize: 64,
    batch: 16,
    backbone: () => tiny({ channels: [32, 64, 128] }),
    width: 64,
    heads: 4,
    feedForward: 256,
    layers: 2,
    queries: 40,
    numClasses: 3,
    objects: { first: 4, least: 1, most: 4 },
    threadsPerOp: 1,
  },
  tiny: {
    imageSize: 128,
    batch: 8,
    backbone: () => tiny({ channels: [32, 64, 128, 256] }),
    width: 128,
    heads: 8,
    feedForward: 512,
    layers: 3,
    queries: 50,
    numClasses: 6,
    objects: few,
    threadsPerOp: 1,
  },
  mid: {
    imageSize: 256,
    batch: 4,
    backbone: () => tiny({ channels: [32, 64, 128, 256] }),
    width: 256,
    heads: 8,
    feedForward: 1024,
    layers: 6,
    queries: 100,
    numClasses: 6,
    objects: few,
  },
  r50: {
    imageSize: 512,
    batch: 2,
    backbone: () => resnet({ depth: 50 }),
    width: 256,
    heads: 8,
    feedForward: 2048,
    layers: 6,
    queries: 300,
    numClasses: 6,
    objects: few,
  },
} as const satisfies Record<string, StepConfig>;

export type StepConfigName = keyof typeof stepConfigs;

/** DN-DETR's number of groups. */
export const groups = 5;
