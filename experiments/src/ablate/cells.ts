/** Turns an ablation's cells into the contenders of a comparison. */

import type { AblationHeading, Contender } from '@dn-detr/report';
import type { RunSettings } from '@dn-detr/train';
import type { Ablation } from '../../ablations/ablation.ts';
import { contenderOf, requireDifferent } from '../contender.ts';
import { UsageError } from '../usage-error.ts';

/**
 * The chosen cells of an ablation as contenders.
 *
 * @param shared - The settings that the cells change.
 * @param list - Names of the chosen cells, separated by commas; all cells if it is left out.
 * @throws UsageError if a cell does not exist, fewer than two are left, two have the same settings, or `contenderOf` refuses
 *   one.
 */
export function cellsOf({ cells, model }: Ablation, shared: RunSettings, list?: string): Contender[] {
  const known = cells.map(({ name }) => name);
  const only = list === undefined ? known : namesIn(list, known);
  const unknown = only.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new UsageError(`there is no cell '${unknown}': expected ${known.join(' | ')}`);
  const chosen = cells.filter(({ name }) => only.includes(name));
  if (chosen.length < 2) throw new UsageError('--cells names a single cell: there is nothing to compare it with');
  const contenders = chosen.map(({ name, set }) => contenderOf(name, { 'model.name': model, ...set }, shared));
  requireDifferent(contenders);
  return contenders;
}

/** Splits a list at its commas, preferring the longest known names, since a name may contain commas. */
function namesIn(list: string, known: readonly string[]): string[] {
  const parts = list.split(',');
  const names: string[] = [];
  while (parts.length > 0) {
    const nameOf = (length: number): string => parts.slice(0, length).join(',').trim();
    const longest = parts.map((_, i) => parts.length - i).find((length) => known.includes(nameOf(length))) ?? 1;
    names.push(nameOf(longest));
    parts.splice(0, longest);
  }
  return names;
}

export function headingOf({ name, title, claim, source, scale, cells }: Ablation): AblationHeading {
  const values = Object.fromEntries(cells.map(({ name, value }) => [name, value as number]));
  return { name, title, claim, source, ...(scale !== undefined && { scale: { label: scale, values } }) };
}
