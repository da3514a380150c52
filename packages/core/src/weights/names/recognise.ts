/** Finding out whose names a checkpoint has, whatever stands before all of them. */
import { efficientnetLiteNames } from './efficientnet.ts';
import { hfDabDetrNames, hfDetrNames } from './hf.ts';
import { hfDeformableDetrNames } from './hf-deformable.ts';
import { originalDabDetrNames, originalDeformableDetrNames, originalDetrNames } from './original.ts';
import { hfResnetNames, resnetNames } from './resnet.ts';
import type { NameTable } from './table.ts';

/** Whole models before backbones: a model may have the names of its backbone beside its own. */
const tables: readonly NameTable[] = [
  hfDetrNames,
  hfDabDetrNames,
  ...hfDeformableDetrNames,
  originalDabDetrNames,
  ...originalDeformableDetrNames,
  originalDetrNames,
  resnetNames,
  hfResnetNames,
  efficientnetLiteNames,
];

export interface RecognisedNames {
  readonly table: NameTable;
  /** Prefix that a trainer put before the names of the model, such as `module.` or `ema.module.`; empty for none. */
  readonly prefix: string;
  /** Other places of the same file with names of the same kind, such as those of averaged weights. */
  readonly others: readonly string[];
}

/**
 * Looks for the mark of a table, as a whole name or behind a prefix. Of several prefixes the shortest way to most names
 * counts: none at all, else one without a word for averages (`ema`, `swa`), else the one that most names have, else the
 * first in the file. So a ResNet within a model is found only where the model is none that is known.
 *
 * @returns undefined if no table's mark is there
 */
export function recogniseNames(names: readonly string[]): RecognisedNames | undefined {
  const found = new Map<string, NameTable>();
  for (const table of tables) {
    for (const name of names) {
      const prefix = name.slice(0, name.length - table.mark.length);
      const isMark = name.endsWith(table.mark) && (prefix === '' || prefix.endsWith('.'));
      if (isMark && !found.has(prefix)) found.set(prefix, table);
    }
  }
  const places = [...found].map(([prefix, table]) => {
    const count = names.filter((name) => name.startsWith(prefix)).length;
    return { prefix, table, count, at: names.indexOf(prefix + table.mark) };
  });
  places.sort(
    (a, b) =>
      Number(b.prefix === '') - Number(a.prefix === '') ||
      Number(isAveraged(a.prefix)) - Number(isAveraged(b.prefix)) ||
      b.count - a.count ||
      a.at - b.at,
  );
  const [best, ...rest] = places;
  if (best === undefined) return undefined;
  const others = rest.filter(({ table, prefix }) => table === best.table && prefix !== '').map(({ prefix }) => prefix);
  return { table: best.table, prefix: best.prefix, others };
}

/** Whether a key or a prefix says that the weights are averages over training. */
export const isAveraged = (path: string): boolean => /(?:^|[._-])(?:ema|swa)(?:[._-]|$)/i.test(path);
