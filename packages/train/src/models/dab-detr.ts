/** DAB-DETR (Liu et al., ICLR 2022) and DN-DETR (Li et al., CVPR 2022): queries are anchors. */
import { dabDetr as buildDabDetr, dnDetr as buildDnDetr } from '@dn-detr/core';
import { z } from 'zod';
import { sigmoidObjective } from '../objective/sigmoid.ts';
import type { ModelSpec } from './model-spec.ts';
import { anchorSettings, drops } from './settings.ts';

/** DAB-DETR (Liu et al., ICLR 2022). */
export const dabDetr: ModelSpec<typeof anchorSettings> = {
  name: 'dab-detr',
  title: 'DAB-DETR',
  settings: anchorSettings,
  objective: sigmoidObjective,
  drops,
  build: ({ level, temperature, ...settings }, backbone, numClasses) =>
    buildDabDetr({
      ...settings,
      level: level ?? undefined,
      temperatureH: temperature,
      temperatureW: temperature,
      backbone,
      numClasses,
    }),
};

const dnDetrSettings = anchorSettings.extend({
  /** Whether one channel of a query's content indicates that it is a known query. @defaultValue true */
  indicator: z.boolean().default(true),
});

/** DN-DETR (Li et al., CVPR 2022). */
export const dnDetr: ModelSpec<typeof dnDetrSettings> = {
  name: 'dn-detr',
  title: 'DN-DETR',
  settings: dnDetrSettings,
  denoising: ['dn', 'contrastive'],
  objective: sigmoidObjective,
  drops,
  build: ({ level, temperature, ...settings }, backbone, numClasses) =>
    buildDnDetr({
      ...settings,
      level: level ?? undefined,
      temperatureH: temperature,
      temperatureW: temperature,
      backbone,
      numClasses,
    }),
};
