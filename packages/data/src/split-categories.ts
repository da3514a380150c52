/** The classes as the file of one split numbers them, for detections that are to be compared with that file. */
import type { Category, Dataset } from './dataset.ts';

/**
 * By label, with the ids of the split's own file. A class that the file does not list has an id that none of the file's
 * classes has, so that its detections are not taken for another's.
 */
export function splitCategories(
  { categories, categoryIds }: Pick<Dataset, 'categories' | 'categoryIds'>,
  split: 'train' | 'val' | 'test',
): Category[] {
  const ids = categoryIds?.[split];
  if (ids === undefined) return [...categories];
  const numbers = [...ids, ...categories.map(({ id }) => id)].filter((id) => typeof id === 'number');
  let unlisted = Math.max(0, ...numbers);
  return categories.map(({ name }, label) => ({ id: ids[label] ?? ++unlisted, name }));
}
