/** DINO (Zhang et al., ICLR 2023). */
import { dino as buildDino } from '@dn-detr/core';
import { z } from 'zod';
import { dinoObjective } from '../objective/sigmoid.ts';
import type { ModelSpec } from './model-spec.ts';
import { count, deformableSettings, drops } from './settings.ts';

const settings = deformableSettings.extend({
  /** Q, the number of matching queries. @defaultValue 900 */
  queries: count.default(900),
  /** Whether all decoder layers share one class head and one box head. @defaultValue true */
  shareHeads: z.boolean().default(true),
  /** Initial content of matching queries: learned, or taken from the encoder's tokens. @defaultValue `learned` */
  content: z.enum(['learned', 'encoder']).default('learned'),
  /** Whether the width and height of the boxes that the encoder's tokens start from are learned. @defaultValue false */
  learnedProposalSize: z.boolean().default(false),
  /**
   * Number of labels that known queries can have; null for the number of classes. Checkpoints of the reference have 91.
   *
   * @defaultValue null
   */
  labelBook: count.nullable().default(null),
});

/** DINO (Zhang et al., ICLR 2023). */
export const dino: ModelSpec<typeof settings> = {
  name: 'dino',
  title: 'DINO',
  settings,
  denoising: ['contrastive', 'dn'],
  // DINO's `dn_label_noise_ratio` is 0.5, but its code redraws labels with half that probability.
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
