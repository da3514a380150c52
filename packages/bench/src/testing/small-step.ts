/** DINO with sizes for which a step takes milliseconds. */
import { dino } from '@dn-detr/core';
import type { StepConfig } from '../step-configs.ts';

export const smallStep = {
  image: { height: 16, width: 32 },
  batch: 2,
  backbone: { kind: 'tiny', channels: [8, 16] },
  build: dino,
  original: 'DINO',
  denoising: { kind: 'contrastive', groups: 2 },
  featureLevels: 3,
  width: 32,
  heads: 2,
  feedForward: 32,
  encoderLayers: 1,
  decoderLayers: 2,
  queries: 5,
  numClasses: 3,
  objects: { first: 3, least: 1, most: 2 },
} as const satisfies StepConfig;
