/** The models, backbones and readers that a configuration can name. */
import { type DatasetReader, datasetReaders } from '@dn-detr/data';
import { type BackboneSpec, backbones } from './backbones/backbones.ts';
import type { ModelSpec } from './models/model-spec.ts';
import { models } from './models/models.ts';
import { UserError } from './user-error.ts';

/** Hand in one with longer lists, such as `{ ...catalog, models: [...catalog.models, mine] }`, to train what is yours. */
export interface Catalog {
  readonly models: readonly ModelSpec[];
  readonly backbones: readonly BackboneSpec[];
  /** Readers of folders of images: what `data.format` can be. */
  readonly readers: readonly DatasetReader[];
}

/** The models, backbones and readers of this toolkit. */
export const catalog: Catalog = { models, backbones, readers: datasetReaders };

/**
 * The entry of a list that a setting names.
 *
 * @param key the field that tells entries apart, such as `name`
 * @param setting what messages call the setting
 * @throws UserError, or what is given in its place, that lists the names there are if there is no such entry
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
