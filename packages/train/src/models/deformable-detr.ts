/** Deformable DETR (Zhu et al., ICLR 2021), and DN-DETR with deformable attention (Li et al., CVPR 2022). */
import { deformableDetr as buildDeformableDetr, dnDeformableDetr as buildDnDeformableDetr } from '@dn-detr/core';
import { z } from 'zod';
import { deformableDetrObjective, sigmoidObjective } from '../objective/sigmoid.ts';
import type { ModelSpec } from './model-spec.ts';
import { deformableSettings, drops } from './settings.ts';

const deformableDetrSettings = deformableSettings.extend({
  feedForward: deformableSettings.shape.feedForward.default(1024),
  dropout: deformableSettings.shape.dropout.default(0.1),
  /**
   * Whether each decoder layer has its own heads and starts from the box predicted by the previous layer.
   *
   * @defaultValue false
   */
  boxRefinement: z.boolean().default(false),
  /** Whether queries start from the encoder's best boxes; needs `boxRefinement`. @defaultValue false */
  twoStage: z.boolean().default(false),
});

/** Deformable DETR (Zhu et al., ICLR 2021), plain, with box refinement or two-stage. */
export const deformableDetr: ModelSpec<typeof deformableDetrSettings> = {
  name: 'deformable-detr',
  title: 'Deformable DETR',
  settings: deformableDetrSettings,
  objective: deformableDetrObjective,
  drops,
  build: ({ strides, ...settings }, backbone, numClasses) =>
    buildDeformableDetr({ ...settings, strides: strides ?? undefined, backbone, numClasses }),
};

const dnDeformableDetrSettings = deformableSettings.extend({
  /** Whether one channel of a query's content indicates that it is a known query. @defaultValue true */
  indicator: z.boolean().default(true),
});

/** DN-DETR with deformable attention. */
export const dnDeformableDetr: ModelSpec<typeof dnDeformableDetrSettings> = {
  name: 'dn-deformable-detr',
  title: 'DN-Deformable-DETR',
  settings: dnDeformableDetrSettings,
  denoising: ['dn', 'contrastive'],
  objective: sigmoidObjective,
  drops,
  build: ({ strides, ...settings }, backbone, numClasses) =>
    buildDnDeformableDetr({ ...settings, strides: strides ?? undefined, backbone, numClasses }),
};
