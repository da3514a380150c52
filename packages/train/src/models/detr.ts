/** DETR (Carion et al., ECCV 2020), and the same with denoising (DN-DETR, section 5.3, "DN-DETR-vanilla"). */
import { detr as buildDetr, dnDetrVanilla as buildDnDetrVanilla } from '@dn-detr/core';
import { softmaxObjective } from '../objective/softmax.ts';
import type { ModelSpec } from './model-spec.ts';
import { detrSettings, drops } from './settings.ts';

/** DETR (Carion et al., ECCV 2020). */
export const detr: ModelSpec<typeof detrSettings> = {
  name: 'detr',
  title: 'DETR',
  settings: detrSettings,
  objective: softmaxObjective,
  drops,
  build: ({ level, ...settings }, backbone, numClasses) =>
    buildDetr({ ...settings, level: level ?? undefined, backbone, numClasses }),
};

/** DETR with denoising, which the DN-DETR paper calls DN-DETR-vanilla. */
export const dnDetrVanilla: ModelSpec<typeof detrSettings> = {
  name: 'dn-detr-vanilla',
  title: 'DN-DETR-vanilla',
  settings: detrSettings,
  denoising: ['dn', 'contrastive'],
  objective: softmaxObjective,
  drops,
  build: ({ level, ...settings }, backbone, numClasses) =>
    buildDnDetrVanilla({ ...settings, level: level ?? undefined, backbone, numClasses }),
};
