/** The end of an ablation in the terminal. */
import type { AblationHeading, Summary } from '../compare/summary.ts';
import { ablationRows, comparedAt, differenceWords, testWords } from './ablation-rows.ts';
import { estimateWords, intervalLevel } from './final-rows.ts';
import { ap, percent, secondsAStep } from './format.ts';
import { timesComparable } from './runs.ts';
import { paragraphs, plainTable, plateauNotes, stateNotes } from './terminal-parts.ts';
import { notComparedSentences, warningLines } from './words.ts';

/** The table, what is to be said of single runs, and what the differences are worth. No line break at the end. */
export function ablationTable(summary: Summary, { title, claim }: AblationHeading): string {
  const rows = ablationRows(summary);
  const first = rows[0]?.model.name ?? '';
  const timed = timesComparable(summary);
  const head = ['cell', 'seeds', 'AP', 'AP50', ...(timed ? ['s/step'] : []), `AP50 − that of ${first}`, 'p'];
  const cells = rows.map((row) => [
    row.model.name + (row.plateau === undefined ? '' : ' *'),
    row.seeds,
    estimateWords(row.AP, ap),
    estimateWords(row.AP50, ap),
    ...(timed ? [secondsAStep(row.secondsAStep)] : []),
    ...differenceWords(row),
  ]);
  const [level, test] = [intervalLevel(rows), testWords(rows)];
  return paragraphs([
    [
      title,
      `claim: ${claim}`,
      plainTable(head, cells),
      ...(level === undefined
        ? []
        : [
            `differences are at equal ${comparedAt(summary)}; ± and [ ]: ${percent(level)} Student-t intervals over seeds${test === undefined ? '' : `; p: ${test}`}`,
          ]),
      ...plateauNotes(rows),
    ],
    stateNotes(summary),
    notComparedSentences(summary),
    warningLines(summary),
  ]);
}
