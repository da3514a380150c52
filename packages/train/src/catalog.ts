/** What a configuration can name. */
import { type DatasetReader, datasetReaders } from '@dn-detr/data';
import { type BackboneSpec, backbones } from './backbones/backbones.ts';
import type { ModelSpec } from './models/model-spec.ts';
import { models } from './models/models.ts';

/** Hand in one with longer lists, such as `{ ...catalog, models: [...catalog.models, mine] }`, to train what is yours. */
export interface Catalog {
  readonly models: readonly ModelSpec[];
  readonly backbones: readonly BackboneSpec[];
  /** of folders of images: what `data.format` can be */
  readonly readers: readonly DatasetReader[];
}

export const catalog: Catalog = { models, backbones, readers: datasetReaders };
