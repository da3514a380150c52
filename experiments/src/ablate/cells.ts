/** An ablation's cells as what a comparison sets against each other. */
import { type Contender, contenderOf } from '../compare/contender.ts';
import type { AblationHeading } from '../compare/summary.ts';
import type { RunConfig } from '../config/schema.ts';
import { UsageError } from '../user-error.ts';
import type { Ablation } from './ablation.ts';

/**
 * @param shared what the cells change
 * @param only names of the cells that are wanted; all without it
 * @throws UsageError if there is no such cell, fewer than two are left, or a cell sets what there is not or what its model
 *   makes nothing of
 */
export function cellsOf({ cells, model }: Ablation, shared: RunConfig, only?: readonly string[]): Contender[] {
  const unknown = only?.find((name) => !cells.some((cell) => cell.name === name));
  if (unknown !== undefined) {
    throw new UsageError(`there is no cell '${unknown}': expected ${cells.map(({ name }) => name).join(', ')}`);
  }
  const chosen = cells.filter(({ name }) => only === undefined || only.includes(name));
  if (chosen.length < 2) throw new UsageError('--cells names a single cell: there is nothing to hold it against');
  return chosen.map(({ name, set }) => contenderOf(name, { 'model.name': model, ...set }, shared));
}

export function headingOf({ name, title, claim, source, scale, cells }: Ablation): AblationHeading {
  const values = Object.fromEntries(cells.map(({ name, value }) => [name, value as number]));
  return { name, title, claim, source, ...(scale !== undefined && { scale: { label: scale, values } }) };
}
