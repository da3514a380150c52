/** The end of a comparison in the terminal. Loads neither plots nor a DOM, as the page does. */
import type { StepsComparison, Summary } from '../compare/summary.ts';
import { ablationTable } from './ablation-terminal.ts';
import { estimateWords, finalTable, intervalLevel } from './final-rows.ts';
import { ap, bounds, dash, decimal, percent, secondsAStep } from './format.ts';
import { timesComparable } from './runs.ts';
import { paragraphs, plainTable, plateauNotes, stateNotes } from './terminal-parts.ts';
import {
  comparisonSentence,
  notComparedSentences,
  stepsRatioWords,
  stepsSentence,
  twoDigits,
  warningLines,
} from './words.ts';

/**
 * The final table, what is to be said of single runs, the statistics in sentences and, with one seed, that it proves
 * little. No colours, no line break at the end.
 */
export function terminalTable(summary: Summary): string {
  if (summary.ablation) return ablationTable(summary, summary.ablation);
  const { baselines, rows } = finalTable(summary);
  const timed = timesComparable(summary);
  const time = timed ? ['s/step'] : [];
  const head = ['model', 'seeds', 'AP', 'AP50', 'AP75', ...time, ...baselines.map(ratioHead), 'IS /\n(2M)'];
  const cells = rows.map((row) => [
    // A name that says what it changes is long.
    row.model.name.replaceAll('+', '\n  +') + (row.plateau === undefined ? '' : ' *'),
    row.seeds,
    ...[row.AP, row.AP50, row.AP75].map((estimate) => estimateWords(estimate, ap)),
    ...(timed ? [secondsAStep(row.secondsAStep)] : []),
    ...row.stepsRatios.map(ratioWords),
    decimal(row.instability.mean),
  ]);
  const level = intervalLevel(rows);
  return paragraphs([
    [
      plainTable(head, cells),
      ...(level === undefined ? [] : [`±: ${percent(level)} Student-t interval of the mean over seeds`]),
      ...plateauNotes(rows),
    ],
    stateNotes(summary),
    notComparedSentences(summary),
    summary.comparisons.filter(({ metric }) => metric === 'AP50').map(comparisonSentence),
    summary.stepsRatios.filter(({ metric }) => metric === 'AP50').map((ratio) => stepsSentence(ratio, summary)),
    warningLines(summary),
  ]);
}

const ratioHead = (baseline: string): string => `steps to\nAP50 of\n${baseline.replaceAll('+', '\n+')}`;

function ratioWords(ratio: StepsComparison | undefined): string {
  if (ratio === undefined) return dash;
  return `${stepsRatioWords(ratio)}${ratio.interval ? `\n${bounds(ratio.interval, twoDigits)}` : ''}`;
}
