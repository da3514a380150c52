/** The one list of classes of a data set whose splits each bring a list of their own. */
import type { Category } from '../dataset.ts';
import { DataError } from '../error.ts';
import type { Problem } from '../problem.ts';
import type { CocoSplit } from './coco-json.ts';

interface MergedClass {
  id: number;
  readonly name: string;
  /** files that list it */
  readonly files: Set<string>;
  used: boolean;
}

export interface MergedClasses {
  /** sorted by id */
  readonly categories: readonly Category[];
  /** of each split, labels by the category ids of its file */
  readonly labels: readonly ReadonlyMap<number, number>[];
}

/**
 * Merges the classes of all splits by name, or by id and name where a file uses a name twice, and sorts them by id. A
 * class without objects stays, as pycocotools keeps it, unless it is only the supercategory of others: Roboflow's exports
 * list theirs as a class with id 0, which would be a class that nothing belongs to.
 *
 * @throws DataError if there are no classes
 */
export function mergeClasses(splits: readonly CocoSplit[], problems: Problem[]): MergedClasses {
  const unique = splits.every(
    ({ categories }) => new Set(categories.map(({ name }) => name)).size === categories.length,
  );
  const keyOf = ({ id, name }: Category): string => (unique ? name : `${id} ${name}`);
  const classes = new Map<string, MergedClass>();
  const supercategories = new Set<unknown>();
  const ids = new Map<number, string>();
  for (const { name: file, categories, images } of splits) {
    const used = new Set(images.flatMap(({ objects }) => objects.map(({ label }) => label)));
    for (const category of categories) {
      const key = keyOf(category);
      const known = classes.get(key);
      const merged = known ?? { id: category.id, name: category.name, files: new Set(), used: false };
      merged.files.add(file);
      merged.used ||= used.has(category.id);
      classes.set(key, merged);
      if (category.supercategory !== category.name) supercategories.add(category.supercategory);
      const holder = ids.get(category.id);
      const message =
        known !== undefined && known.id !== category.id
          ? `${category.name} has the id ${category.id} here and ${known.id} in another split`
          : holder !== undefined && holder !== key
            ? `id ${category.id} is ${category.name} here and ${classes.get(holder)?.name} in another split`
            : undefined;
      if (message) problems.push({ kind: 'class-mismatch', file, field: 'categories', message });
      if (known === undefined) {
        if (holder !== undefined) merged.id = Math.max(...ids.keys()) + 1;
        ids.set(merged.id, key);
      }
    }
  }
  for (const [key, { name, used, files }] of classes) {
    if (!used && supercategories.has(name)) {
      classes.delete(key);
      const message = `${name} is the supercategory of other classes and has no objects: it is no class`;
      problems.push({ kind: 'unused-class', file: [...files][0] as string, field: 'categories', message });
    } else if (files.size < splits.length) {
      const lacking = splits.filter((split) => !files.has(split.name)).map((split) => split.name);
      const message = `${name} is not listed here, but in ${[...files].join(', ')}`;
      for (const file of lacking) problems.push({ kind: 'class-mismatch', file, field: 'categories', message });
    }
  }
  const sorted = [...classes].sort(([, a], [, b]) => a.id - b.id);
  if (sorted.length === 0) {
    throw new DataError(
      `${splits.map(({ name }) => name).join(', ')}: no classes: "categories" lists none that can be used`,
    );
  }
  const labelOf = new Map(sorted.map(([key], label) => [key, label]));
  return {
    categories: sorted.map(([, { id, name }]) => ({ id, name })),
    labels: splits.map(
      ({ categories }) =>
        new Map(
          categories.flatMap((category) => {
            const label = labelOf.get(keyOf(category));
            return label === undefined ? [] : [[category.id, label] as const];
          }),
        ),
    ),
  };
}
