/** An ablation's figures: one row a cell, with what sets it apart from the first. */
import { counted } from '@dn-detr/train';
import { bounds, dash, pValue, signed } from '../format.ts';
import type { Comparison, Summary } from '../summary/summary.ts';
import { contrastsOf } from './contrasts.ts';
import { type FinalRow, finalTable } from './final-rows.ts';

/** A cell of an ablation with its figures. */
export interface AblationRow extends FinalRow {
  /**
   * Difference of AP50 from the first cell, at what `comparedAt` says; undefined for that cell, and where there is
   * nothing to compare.
   */
  readonly difference?: Comparison;
  /** p-value of the difference, corrected by Holm for the number of cells compared. */
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

/** Words for what the p-values are about; undefined where there are none. */
export function testWords(rows: readonly AblationRow[]): string | undefined {
  const tested = rows.filter(({ correctedP }) => correctedP !== undefined).length;
  return tested === 0 ? undefined : `of the paired t-test, corrected by Holm for ${counted(tested, 'cell')}`;
}

/** `+0.120 [+0.050, +0.190]`, and the corrected p-value of it. */
export function differenceWords({ difference, correctedP }: AblationRow): readonly [string, string] {
  if (difference === undefined) return [dash, dash];
  const { meanDifference, interval } = difference;
  return [`${signed(meanDifference)}${interval ? ` ${bounds(interval)}` : ''}`, pValue(correctedP)];
}
