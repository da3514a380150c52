/** DINO (Zhang et al., ICLR 2023). */
import { dino as buildDino } from '@dn-detr/core';
import { z } from 'zod';
import { dinoObjective } from '../objective/sigmoid.ts';
import type { ModelSpec } from './model-spec.ts';
import { count, deformableSettings, drops } from './settings.ts';

const settings = deformableSettings.extend({
  queries: count.default(900),
  /** Whether all decoder layers share one class head and one box head. */
  shareHeads: z.boolean().default(true),
  /** Contents of queries at the start: learned, or the encoder's tokens. */
  content: z.enum(['learned', 'encoder']).default('learned'),
  /** Whether the boxes that the encoder's tokens start from have a learned width and height. */
  learnedProposalSize: z.boolean().default(false),
  /**
   * Number of labels that known queries can have; null for the number of classes. Checkpoints of the reference have 91.
   */
  labelBook: count.nullable().default(null),
});

/** DINO (Zhang et al., ICLR 2023). */
export const dino: ModelSpec<typeof settings> = {
  name: 'dino',
  title: 'DINO',
  settings,
  denoising: ['contrastive', 'dn'],
  // `dn_label_noise_ratio` 0.5 is the share of queries of which half keep their label by chance of drawing it anew.
  denoisingDefaults: { groups: null, labelNoise: 0.25, slotBucket: null, maxKnownQueries: 200 },
  objective: dinoObjective,
  drops,
  build: ({ strides, labelBook, ...settings }, backbone, numClasses) =>
    buildDino({
      ...settings,
      strides: strides ?? undefined,
      labelBook: labelBook ?? undefined,
      backbone,
      numClasses,
    }),
};
