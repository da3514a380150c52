/** The list of models. To add one, write a `ModelSpec` and append it to this list or to a copy of it. */
import { dabDetr, dnDetr } from './dab-detr.ts';
import { deformableDetr, dnDeformableDetr } from './deformable-detr.ts';
import { detr, dnDetrVanilla } from './detr.ts';
import { dino } from './dino.ts';
import type { ModelSpec } from './model-spec.ts';

/** The models that a configuration can name. */
export const models: readonly ModelSpec[] = [
  detr,
  dabDetr,
  dnDetrVanilla,
  dnDetr,
  deformableDetr,
  dnDeformableDetr,
  dino,
];
