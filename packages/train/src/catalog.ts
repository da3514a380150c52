/** What a configuration can name. */
import { type BackboneSpec, backbones } from './backbones/backbones.ts';
import type { ModelSpec } from './models/model-spec.ts';
import { models } from './models/models.ts';

/** Hand in one with longer lists, such as `{ ...catalog, models: [...catalog.models, mine] }`, to train what is yours. */
export interface Catalog {
  readonly models: readonly ModelSpec[];
  readonly backbones: readonly BackboneSpec[];
}

export const catalog: Catalog = { models, backbones };
