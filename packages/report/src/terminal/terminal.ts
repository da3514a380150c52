/** The result of a comparison for the terminal: a short table and a sentence. Unlike the page, it loads neither Plot nor a DOM. */

import { estimateWords, finalTable } from '../analysis/final-rows.ts';
import { headline } from '../analysis/headline.ts';
import { ap } from '../format.ts';
import type { Summary } from '../summary/summary.ts';
import { ablationTable } from './ablation-terminal.ts';
import { estimateHead, paragraphs, plainTable, plateauNote, stateNotes } from './terminal-parts.ts';

/**
 * The final table, remarks about runs that are not in it, and the result in a sentence; everything else is on the page. There
 * are no colours, and no line break at the end.
 */
export function terminalTable(summary: Summary): string {
  if (summary.ablation) return ablationTable(summary, summary.ablation);
  const { rows } = finalTable(summary);
  const head = ['model', 'seeds', estimateHead('AP', rows), estimateHead('AP50', rows)];
  const cells = rows.map(({ model, plateau, seeds, AP, AP50 }) => [
    model.name + (plateau === undefined ? '' : ' *'),
    seeds,
    estimateWords(AP, ap),
    estimateWords(AP50, ap),
  ]);
  return paragraphs([[plainTable(head, cells), ...plateauNote(rows)], stateNotes(summary), [headline(summary)]]);
}
