/** The configurations of `bench step`. */
import { type Backbone, type Detector, dnDeformableDetr, efficientnetLite, resnet, tiny } from '@dn-detr/core';
import type { DetectorOptions } from '@dn-detr/core/models';
import type { Size } from '@dn-detr/data';

export interface StepConfig {
  readonly image: Size;
  readonly batch: number;
  readonly backbone: () => Backbone;
  /** the model, of these sizes; DN-DETR where left out */
  readonly build?: (options: DetectorOptions) => Detector;
  /** stride of the level that DN-DETR takes; the last */
  readonly level?: number;
  /** a frozen backbone's features are computed before, and steps begin at them */
  readonly featuresOnce?: true;
  readonly width: number;
  readonly heads: number;
  readonly feedForward: number;
  readonly encoderLayers: number;
  readonly decoderLayers: number;
  readonly queries: number;
  readonly numClasses: number;
  /** objects of the first image, and of the others at least and at most */
  readonly objects: { readonly first: number; readonly least: number; readonly most: number };
  /** threads for a single op; 1 for small models, whose ops are too short to be shared out; all by default */
  readonly threadsPerOp?: number;
}

const square = (side: number): Size => ({ width: side, height: side });

const few = { first: 8, least: 3, most: 6 };

/** As the recipe `photographs` with photographs of 4:3. */
const lite0 = {
  image: { width: 320, height: 240 },
  batch: 4,
  backbone: () => efficientnetLite({ variant: 0 }),
  level: 16,
  width: 128,
  heads: 8,
  feedForward: 512,
  encoderLayers: 1,
  decoderLayers: 3,
  queries: 60,
  numClasses: 3,
  objects: { first: 16, least: 8, most: 16 },
};

export const stepConfigs = {
  /** the quick recipe of the comparison */
  micro: {
    image: square(64),
    batch: 16,
    backbone: () => tiny({ channels: [32, 64, 128] }),
    width: 64,
    heads: 4,
    feedForward: 256,
    encoderLayers: 2,
    decoderLayers: 2,
    queries: 40,
    numClasses: 3,
    objects: { first: 4, least: 1, most: 4 },
    threadsPerOp: 1,
  },
  tiny: {
    image: square(128),
    batch: 8,
    backbone: () => tiny({ channels: [32, 64, 128, 256] }),
    width: 128,
    heads: 8,
    feedForward: 512,
    encoderLayers: 3,
    decoderLayers: 3,
    queries: 50,
    numClasses: 6,
    objects: few,
    threadsPerOp: 1,
  },
  mid: {
    image: square(256),
    batch: 4,
    backbone: () => tiny({ channels: [32, 64, 128, 256] }),
    width: 256,
    heads: 8,
    feedForward: 1024,
    encoderLayers: 6,
    decoderLayers: 6,
    queries: 100,
    numClasses: 6,
    objects: few,
  },
  r50: {
    image: square(512),
    batch: 2,
    backbone: () => resnet({ depth: 50 }),
    width: 256,
    heads: 8,
    feedForward: 2048,
    encoderLayers: 6,
    decoderLayers: 6,
    queries: 300,
    numClasses: 6,
    objects: few,
  },
  lite0,
  'lite0-features': { ...lite0, featuresOnce: true },
  /** DN-DETR with deformable attention over strides 16 and 32 and one level more, from features */
  deformable: {
    ...lite0,
    featuresOnce: true,
    build: (options: DetectorOptions) => dnDeformableDetr({ ...options, strides: [16, 32], featureLevels: 3 }),
  },
} as const satisfies Record<string, StepConfig>;

export type StepConfigName = keyof typeof stepConfigs;

/** DN-DETR's number of groups. */
export const groups = 5;
