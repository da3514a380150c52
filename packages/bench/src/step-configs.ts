/** The configurations of `bench step` and `bench peers`. */
import { type Detector, dino, dnDeformableDetr } from '@dn-detr/core';
import type { DeformableOptions } from '@dn-detr/core/models';
import type { Size } from '@dn-detr/data';
import { type DenoisingOptions, dinoGroups } from '@dn-detr/dn';

/** A model in a repository of IDEA-Research. */
export type Original = 'DINO' | 'DN-DETR' | 'DN-Deformable-DETR';

/** One of `core`'s functions with its options, as data, because it is also sent to PyTorch's side. */
export type StepBackbone =
  | { readonly kind: 'tiny'; readonly channels: readonly number[] }
  | { readonly kind: 'resnet'; readonly depth: 50; readonly levels?: readonly ('layer2' | 'layer3' | 'layer4')[] }
  | { readonly kind: 'efficientnetLite'; readonly variant: 0 };

export interface StepConfig {
  readonly image: Size;
  readonly batch: number;
  readonly backbone: StepBackbone;
  /** Builds the model from these sizes. @defaultValue DN-DETR's */
  readonly build?: (options: DeformableOptions) => Detector;
  /** The equivalent model in an original repository. @defaultValue none */
  readonly original?: Original;
  /** Options of the known queries. @defaultValue DN-DETR's */
  readonly denoising?: DenoisingOptions;
  /** Stride of the level that DN-DETR uses. @defaultValue the last level's */
  readonly level?: number;
  /** Strides of the levels that models with deformable attention use. */
  readonly strides?: readonly number[];
  /** Number of feature levels that these models make from the levels of `strides`. */
  readonly featureLevels?: number;
  /** Set where a frozen backbone's features are computed in advance, and steps begin at the features. */
  readonly featuresOnce?: true;
  readonly width: number;
  readonly heads: number;
  readonly feedForward: number;
  readonly encoderLayers: number;
  readonly decoderLayers: number;
  readonly queries: number;
  readonly numClasses: number;
  /** Number of objects in the first image, and the limits for the others. */
  readonly objects: { readonly first: number; readonly least: number; readonly most: number };
  /** Threads per op; 1 for small models, whose ops are too short to be divided. @defaultValue all cores */
  readonly threadsPerOp?: number;
}

const square = (side: number): Size => ({ width: side, height: side });

const few = { first: 8, least: 3, most: 6 };

/** DINO's own options, with as many groups as fit into 200 known queries given the fullest image. */
const contrastive = (largest: number): DenoisingOptions => ({
  kind: 'contrastive',
  labelNoise: 0.25,
  groups: dinoGroups(100, largest),
});

/** The recipe `photographs` for 4:3 photographs. */
const lite0 = {
  image: { width: 320, height: 240 },
  batch: 4,
  backbone: { kind: 'efficientnetLite', variant: 0 },
  level: 16,
  width: 128,
  heads: 8,
  feedForward: 512,
  encoderLayers: 1,
  decoderLayers: 3,
  queries: 60,
  numClasses: 3,
  objects: { first: 16, least: 8, most: 16 },
} as const;

/** Steps from features of strides 16 and 32, from which the model makes one more level. */
const photographs = { ...lite0, featuresOnce: true, strides: [16, 32], featureLevels: 3 } as const;

export const stepConfigs = {
  /** The comparison's recipe `quick`. */
  micro: {
    image: square(64),
    batch: 16,
    backbone: { kind: 'tiny', channels: [32, 64, 128] },
    original: 'DN-DETR',
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
    backbone: { kind: 'tiny', channels: [32, 64, 128, 256] },
    original: 'DN-DETR',
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
    backbone: { kind: 'tiny', channels: [32, 64, 128, 256] },
    original: 'DN-DETR',
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
    backbone: { kind: 'resnet', depth: 50 },
    original: 'DN-DETR',
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
  /** The recipe `photographs` with DINO. */
  photographs: { ...photographs, build: dino, original: 'DINO', denoising: contrastive(lite0.objects.first) },
  /** The recipe `photographs` with DN-DETR with deformable attention. */
  'photographs-dn': { ...photographs, build: dnDeformableDetr, original: 'DN-Deformable-DETR' },
  /** DINO with 4 scales and the classes of COCO. */
  dino: {
    image: { width: 640, height: 480 },
    batch: 2,
    backbone: { kind: 'resnet', depth: 50, levels: ['layer2', 'layer3', 'layer4'] },
    build: dino,
    original: 'DINO',
    denoising: contrastive(few.first),
    featureLevels: 4,
    width: 256,
    heads: 8,
    feedForward: 2048,
    encoderLayers: 6,
    decoderLayers: 6,
    queries: 300,
    numClasses: 91,
    objects: few,
  },
} as const satisfies Record<string, StepConfig>;

export type StepConfigName = keyof typeof stepConfigs;
