/** The end of an ablation in the terminal. */
import type { AblationHeading, Summary } from '../compare/summary.ts';
import { ablationRows, comparedAt, differenceWords } from './ablation-rows.ts';
import { estimateWords } from './final-rows.ts';
import { ap, percent, secondsAStep } from './format.ts';
import { paragraphs, plainTable, plateauNotes, stateNotes } from './terminal-parts.ts';
import { notComparedSentences, warningLines } from './words.ts';

/** The table, what is to be said of single runs, and what the differences are worth. No line break at the end. */
export function ablationTable(summary: Summary, { title, claim }: AblationHeading): string {
  const rows = ablationRows(summary);
  const first = rows[0]?.model.name ?? '';
  const head = ['cell', 'seeds', 'AP', 'AP50', 's/step', `AP50 − that of ${first}`, 'p'];
  const cells = rows.map((row) => [
    row.model.name + (row.plateau === undefined ? '' : ' *'),
    row.seeds,
    estimateWords(row.AP, ap),
    estimateWords(row.AP50, ap),
    secondsAStep(row.secondsAStep),
    ...differenceWords(row),
  ]);
  const level = rows.find(({ AP50 }) => AP50.interval)?.AP50.interval?.level;
  return paragraphs([
    [
      title,
      `claim: ${claim}`,
      plainTable(head, cells),
      ...(level === undefined
        ? []
        : [
            `differences are at equal ${comparedAt(summary)}; ± and [ ]: ${percent(level)} Student-t intervals over seeds; p: of the paired t-test, corrected by Holm for ${rows.length - 1} cells`,
          ]),
      ...plateauNotes(rows),
    ],
    stateNotes(summary),
    notComparedSentences(summary),
    warningLines(summary),
  ]);
}
