/** The models, backbones and readers that a configuration can name. */
import { type DatasetReader, datasetReaders } from '@dn-detr/data';
import { type BackboneSpec, backbones } from './backbones/backbones.ts';
import type { ModelSpec } from './models/model-spec.ts';
import { models } from './models/models.ts';
import { UserError } from './user-error.ts';

/**
 * The models, backbones and readers that a configuration can name. To use your own, pass one with longer lists, such as
 * `{ ...catalog, models: [...catalog.models, mine] }`.
 */
export interface Catalog {
  readonly models: readonly ModelSpec[];
  readonly backbones: readonly BackboneSpec[];
  /** Readers of image folders: the values of `data.format`. */
  readonly readers: readonly DatasetReader[];
}

/** The models, backbones and readers of this toolkit. */
export const catalog: Catalog = { models, backbones, readers: datasetReaders };

/**
 * Finds the entry of a list that a setting names.
 *
 * @param key the property that identifies entries, such as `name`
 * @param setting the setting's name in messages
 * @param Problem class of the error
 * @throws Problem listing the available names if there is no such entry
 */
export function entryNamed<Key extends string, Entry extends Readonly<Record<Key, string>>>(
  entries: readonly Entry[],
  key: Key,
  name: unknown,
  setting: string,
  Problem: typeof UserError = UserError,
): Entry {
  const found = entries.find((entry) => entry[key] === name);
  if (found !== undefined) return found;
  const names = entries.map((entry) => entry[key]).join(', ');
  throw new Problem(`${setting} is ${JSON.stringify(name)}: expected one of ${names}`);
}
