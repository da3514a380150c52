/** The result of an ablation for the terminal. */

import { ablationRows, differenceWords } from '../analysis/ablation-rows.ts';
import { estimateWords } from '../analysis/final-rows.ts';
import { headline } from '../analysis/headline.ts';
import { ap } from '../format.ts';
import type { AblationHeading, Summary } from '../summary/summary.ts';
import { estimateHead, paragraphs, plainTable, plateauNote, stateNotes } from './terminal-parts.ts';

/** The claim, the table, remarks about single runs, and the result in a sentence. There is no line break at the end. */
export function ablationTable(summary: Summary, { title, claim }: AblationHeading): string {
  const rows = ablationRows(summary);
  const first = rows[0]?.model.name ?? '';
  const head = ['cell', 'seeds', estimateHead('AP', rows), estimateHead('AP50', rows), `AP50 − ${first}`, 'p'];
  const cells = rows.map((row) => [
    row.model.name + (row.plateau === undefined ? '' : ' *'),
    row.seeds,
    estimateWords(row.AP, ap),
    estimateWords(row.AP50, ap),
    ...differenceWords(row),
  ]);
  return paragraphs([
    [title, `claim: ${claim}`],
    [plainTable(head, cells), ...plateauNote(rows)],
    stateNotes(summary),
    [headline(summary)],
  ]);
}
