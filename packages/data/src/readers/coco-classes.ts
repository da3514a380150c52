/** Merges the lists of classes that the splits of a data set each bring into one. */
import type { Category } from '../dataset.ts';
import { DataError } from '../error.ts';
import { firstOfEachKind, type Problem } from '../problem.ts';
import { type CocoId, compareWrittenIds } from './coco-ids.ts';
import type { CocoSplit } from './coco-json.ts';

interface MergedClass {
  id: CocoId;
  readonly name: string;
  /** Files that list the class. */
  readonly files: Set<string>;
  used: boolean;
}

export interface MergedClasses {
  /** Classes sorted by id. */
  readonly categories: readonly Category[];
  /** For each split, the label of each category id in its file. */
  readonly labels: readonly ReadonlyMap<CocoId, number>[];
  /** For each split, the category ids of its file by label; undefined for a class that the file does not list. */
  readonly ids: readonly (readonly (CocoId | undefined)[])[];
}

/** Categories of one file that have the same name. */
interface Twins {
  /** Whether they are separate classes, which every file has under the same ids. */
  readonly apart: boolean;
  /** Otherwise, the id of the category that is the class: the only one with objects. */
  readonly kept: CocoId;
}

/**
 * Merges the classes of all splits by name and sorts them by id, so that a label means the same in every split whatever
 * ids the files use. A class without objects is kept, as in pycocotools, unless it is only the supercategory of others:
 * Roboflow's exports list theirs as a class with id 0, to which nothing would belong.
 *
 * Of categories with the same name in one file, one without objects is merged into the other. Where several have
 * objects, they are separate classes if all files have the name under the same ids.
 *
 * @throws DataError if there are no classes, or categories with the same name cannot be told apart across files
 */
export function mergeClasses(splits: readonly CocoSplit[], problems: Problem[]): MergedClasses {
  const twins = findTwins(splits);
  const keyOf = ({ id, name }: Category): string => (twins.get(name)?.apart ? `${id} ${name}` : name);
  const classes = new Map<string, MergedClass>();
  const supercategories = new Set<unknown>();
  /** Keys of the classes by their ids. */
  const holders = new Map<CocoId, string>();
  for (const { name: file, categories, images } of splits) {
    const report = (message: string) => problems.push({ kind: 'class-mismatch', file, field: 'categories', message });
    const used = new Set(images.flatMap(({ objects }) => objects.map(({ categoryId }) => categoryId)));
    for (const category of categories) {
      const { id, name, supercategory } = category;
      const twin = twins.get(name);
      if (
        twin &&
        !twin.apart &&
        id !== twin.kept &&
        categories.some((other) => other.name === name && other.id === twin.kept)
      ) {
        report(`${name} has the id ${twin.kept} and, without objects, the id ${id}: they are treated as one class`);
        continue;
      }
      const key = keyOf(category);
      const known = classes.get(key);
      const merged = known ?? { id, name, files: new Set(), used: false };
      merged.files.add(file);
      merged.used ||= used.has(id);
      classes.set(key, merged);
      if (supercategory !== name) supercategories.add(supercategory);
      const holder = holders.get(id);
      if (known !== undefined && known.id !== id) {
        report(`${name} has the id ${id} here and ${known.id} in another split`);
      } else if (holder !== undefined && holder !== key) {
        report(`id ${id} is ${name} here and ${classes.get(holder)?.name} in another split`);
      }
      if (known === undefined) {
        if (holder !== undefined) merged.id = freeId(holders.keys());
        holders.set(merged.id, key);
      }
    }
  }
  for (const [key, { name, used, files }] of classes) {
    if (!used && supercategories.has(name)) {
      classes.delete(key);
      const message = `${name} is the supercategory of other classes and has no objects: it is not a class`;
      problems.push({ kind: 'unused-class', file: [...files][0] as string, field: 'categories', message });
    } else if (files.size < splits.length) {
      const lacking = splits.filter((split) => !files.has(split.name)).map((split) => split.name);
      const message = `${name} is not listed here, but in ${[...files].join(', ')}`;
      for (const file of lacking) problems.push({ kind: 'class-mismatch', file, field: 'categories', message });
    }
  }
  const sorted = [...classes].sort(([, a], [, b]) => compareWrittenIds(a.id, b.id));
  if (sorted.length === 0) {
    const files = splits.map(({ name }) => name).join(', ');
    throw new DataError(`${files}: no classes: "categories" lists none that can be used${firstOfEachKind(problems)}`);
  }
  const labelOf = new Map(sorted.map(([key], label) => [key, label]));
  const labels = splits.map(({ categories }) => {
    const entries = categories.flatMap((category) => {
      const label = labelOf.get(keyOf(category));
      return label === undefined ? [] : [[category.id, label] as const];
    });
    return new Map(entries);
  });
  const ids = labels.map((ofSplit) =>
    sorted.map(([, { name }], label) => {
      const own = [...ofSplit].flatMap(([id, other]) => (other === label ? [id] : []));
      // Of categories with the same name, the one with objects.
      return own.find((id) => id === twins.get(name)?.kept) ?? own[0];
    }),
  );
  return { categories: sorted.map(([, { id, name }]) => ({ id, name })), labels, ids };
}

/** One more than the greatest number among the ids. */
function freeId(ids: Iterable<CocoId>): number {
  let greatest = 0;
  for (const id of ids) if (typeof id === 'number') greatest = Math.max(greatest, id);
  return greatest + 1;
}

/** @throws DataError naming the files and ids if the categories with the same name cannot be told apart */
function findTwins(splits: readonly CocoSplit[]): ReadonlyMap<string, Twins> {
  const twins = new Map<string, Twins>();
  const idsByName = splits.map(({ categories }) => groupIds(categories));
  const repeated = idsByName.flatMap((ids) => [...ids.keys()].filter((name) => (ids.get(name) ?? []).length > 1));
  for (const name of new Set(repeated)) {
    const listed = idsByName.map((ids) => ids.get(name) ?? []);
    const withObjects = new Set<CocoId>();
    for (const [n, { images }] of splits.entries()) {
      const ids = listed[n] as readonly CocoId[];
      if (ids.length < 2) continue;
      for (const { objects } of images) {
        for (const { categoryId } of objects) if (ids.includes(categoryId)) withObjects.add(categoryId);
      }
    }
    const [kept = listed.find((ids) => ids.length > 1)?.[0] as CocoId] = withObjects;
    const files = splits.flatMap(({ name: file }, n) => {
      const ids = [...(listed[n] as readonly CocoId[])].sort(compareWrittenIds);
      return ids.length === 0 ? [] : [{ file, ids: ids.join(' and ') }];
    });
    const apart = withObjects.size > 1;
    if (apart && files.some(({ ids }) => ids !== files[0]?.ids)) {
      const where = files.map(({ file, ids }) => `${file} has it under the id ${ids}`).join(', ');
      throw new DataError(
        `categories with the same name cannot be told apart: ${where} (${JSON.stringify(name)}). Give each a different name`,
      );
    }
    twins.set(name, { apart, kept });
  }
  return twins;
}

function groupIds(categories: readonly Category[]): Map<string, CocoId[]> {
  const ids = new Map<string, CocoId[]>();
  for (const { id, name } of categories) {
    const group = ids.get(name);
    if (group) group.push(id);
    else ids.set(name, [id]);
  }
  return ids;
}
