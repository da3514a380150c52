/** A data set seen with a model's eyes: labels are the model's, also where the data set lists its classes in another order. */
import type { Category, Dataset, DatasetImage, SplitName } from '@dn-detr/data';
import { UserError } from '@dn-detr/train';
import { readBy } from './trained.ts';

export interface AlignedSplit {
  /** Categories in the model's order, with the data set's ids. */
  readonly categories: readonly Category[];
  /** Labels are indices into `categories`. */
  readonly images: readonly DatasetImage[];
}

/**
 * Takes classes for the same if they have the same name.
 *
 * @param model the classes that the model was trained on
 * @param names of the data and of the model, for the message
 * @throws UserError naming both lists if one has a class that the other has not
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
  // A name that is there twice cannot be told apart.
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
