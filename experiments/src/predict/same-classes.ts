/** Maps a data set's labels to a model's, in case the data set lists the same classes in a different order. */
import type { Category, Dataset, DatasetImage, SplitName } from '@dn-detr/data';
import { UserError } from '@dn-detr/train';
import { readBy } from './trained.ts';

export interface AlignedSplit {
  /** Categories in the model's order, with the data set's ids. */
  readonly categories: readonly Category[];
  /** Images whose labels are indices into `categories`. */
  readonly images: readonly DatasetImage[];
}

/**
 * Aligns a split with a model. Classes are the same if they have the same name.
 *
 * @param model - The classes that the model was trained on.
 * @param names - Names of the data and of the model, for the message.
 * @throws UserError that shows both lists if one has a class that the other lacks.
 */
export function alignClasses(
  { categories, ...splits }: Dataset,
  split: SplitName,
  model: readonly Category[],
  names: { readonly data: string; readonly model: string },
): AlignedSplit {
  const own = categories.map(({ name }) => name);
  const wanted = model.map(({ name }) => name);
  if (own.length === wanted.length && own.every((name, label) => name === wanted[label])) {
    return { categories, images: splits[split] };
  }
  const missing = wanted.filter((name) => !own.includes(name));
  const unknown = own.filter((name) => !wanted.includes(name));
  // Classes with the same name cannot be told apart.
  if (missing.length + unknown.length > 0 || own.length !== wanted.length || new Set(own).size < own.length) {
    throw new UserError(
      [
        `${names.data} has other classes than the model of ${names.model}:`,
        `  the data: ${own.join(', ')}`,
        `  the model: ${wanted.join(', ')}`,
        ...(missing.length > 0 ? [`  not in the data: ${missing.join(', ')}`] : []),
        ...(unknown.length > 0 ? [`  not in the model: ${unknown.join(', ')}`] : []),
        'Expected the same names, in any order',
      ].join('\n'),
    );
  }
  const labelOf = own.map((name) => wanted.indexOf(name));
  return {
    categories: wanted.map((name) => categories[own.indexOf(name)] as Category),
    images: splits[split].map((image) => ({
      ...readBy(image, () => image.read()),
      objects: { ...image.objects, labels: image.objects.labels.map((label) => labelOf[label] as number) },
    })),
  };
}
