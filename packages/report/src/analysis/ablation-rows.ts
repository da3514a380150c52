/** An ablation's figures: one row per cell, with its difference from the first cell. */
import { counted } from '@dn-detr/train';
import { bounds, dash, pValue, signed } from '../format.ts';
import type { Comparison, Summary } from '../summary/summary.ts';
import { contrastsOf } from './contrasts.ts';
import { type FinalRow, finalTable } from './final-rows.ts';

/** A cell of an ablation with its figures. */
export interface AblationRow extends FinalRow {
  /**
   * Difference in AP50 from the first cell, at equal steps or seconds as given by `comparedAt`; undefined for the first cell,
   * and if there is nothing to compare.
   */
  readonly difference?: Comparison;
  /** The p-value of the difference, corrected by Holm's method for the number of compared cells. */
  readonly correctedP?: number;
}

/** The cells of an ablation, each with its difference from the first. */
export function ablationRows(summary: Summary): AblationRow[] {
  const { contrasts } = contrastsOf(summary);
  return finalTable(summary).rows.map((row) => {
    const { told: _, ...found } = contrasts.find(({ difference }) => difference.model === row.model.name) ?? {};
    return { ...row, ...found };
  });
}

/** Describes the p-values; undefined if there are none. */
export function testWords(rows: readonly AblationRow[]): string | undefined {
  const tested = rows.filter(({ correctedP }) => correctedP !== undefined).length;
  return tested === 0 ? undefined : `of the paired t-test, corrected by Holm for ${counted(tested, 'cell')}`;
}

/** The difference as `+0.120 [+0.050, +0.190]`, and its corrected p-value. */
export function differenceWords({ difference, correctedP }: AblationRow): readonly [string, string] {
  if (difference === undefined) return [dash, dash];
  const { meanDifference, interval } = difference;
  return [`${signed(meanDifference)}${interval ? ` ${bounds(interval)}` : ''}`, pValue(correctedP)];
}
