/** Recognises the code base of a checkpoint's names, whatever prefix they share. */
import { efficientnetLiteNames } from './efficientnet.ts';
import { hfDabDetrNames, hfDetrNames } from './hf.ts';
import { hfDeformableDetrNames } from './hf-deformable.ts';
import { originalDabDetrNames, originalDeformableDetrNames, originalDetrNames } from './original.ts';
import { hfResnetNames, resnetNames } from './resnet.ts';
import type { NameTable } from './table.ts';

/** Entire models precede backbones, because a model may also contain the names of its backbone. */
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

/** The code base of a checkpoint's names, and their prefix. */
export interface RecognisedNames {
  readonly table: NameTable;
  /** Prefix that a trainer put before the model's names, such as `module.` or `ema.module.`; empty if there is none. */
  readonly prefix: string;
  /** Other prefixes in the same file with names of the same code base, such as those of averaged weights. */
  readonly others: readonly string[];
}

/**
 * Looks for the mark of a table, either as a complete name or after a prefix. If there are several prefixes, the empty
 * one is preferred, then those that do not mark averages (`ema`, `swa`), then the one that most names have, and then
 * the first in the file. A ResNet inside a model is therefore found only if the model is not a known one.
 *
 * @returns undefined if no table's mark is found
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
