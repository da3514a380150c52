/** The classes with the ids in the file of one split, for detections that are to be compared with that file. */
import type { Category, Dataset } from './dataset.ts';

/**
 * The classes by label, with the ids in the split's own file. A class that the file does not list gets an id that none
 * of the file's classes has, so that its detections are not counted for another class.
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
