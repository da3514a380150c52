/** Elements that the results of comparisons and of ablations share in the terminal. */
import Table from 'cli-table3';
import { type FinalRow, intervalLevel } from '../analysis/final-rows.ts';
import { runNotes } from '../analysis/runs.ts';
import { percent } from '../format.ts';
import type { Summary } from '../summary/summary.ts';

/** Maximum number of lines, including the head and a line about rows that are left out. */
const mostLines = 10;

/** A table of at most ten lines without colours and rules, with the first column flush left and all others flush right. */
export function plainTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const sides = ['top', 'bottom', 'left', 'right', 'mid'];
  const parts = [
    ...sides,
    ...sides.flatMap((side) => ['left', 'mid', 'right'].map((end) => `${side}-${end}`)),
    'middle',
  ];
  const table = new Table({
    head: [...head],
    colAligns: ['left', ...head.slice(1).map(() => 'right' as const)],
    chars: { ...Object.fromEntries(parts.map((part) => [part, ''])), middle: '  ' },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  });
  const fits = rows.length < mostLines;
  const shown = fits ? rows : rows.slice(0, mostLines - 2);
  for (const row of shown) table.push([...row]);
  return `${table}${fits ? '' : `\n… and ${rows.length - shown.length} more on the page`}`;
}

/** The heading of a metric, with `± 95 %` if there are intervals. */
export function estimateHead(metric: string, rows: readonly FinalRow[]): string {
  const level = intervalLevel(rows);
  return level === undefined ? metric : `${metric} ± ${percent(level)}`;
}

/** Explains the star of some rows. */
export const plateauNote = (rows: readonly FinalRow[]): string[] =>
  rows.some(({ plateau }) => plateau !== undefined) ? ['* still on the plateau near 0 in some or all seeds'] : [];

/** Remarks about runs that are not finished, or not included in the means. */
export const stateNotes = ({ finished, models }: Summary): string[] => [
  ...(finished ? [] : ['! Not finished: these are the results so far.']),
  ...models.flatMap(runNotes).map((note) => `! ${note}`),
];

/** Joins parts with an empty line between them; parts without lines are left out. */
export const paragraphs = (parts: readonly (readonly string[])[]): string =>
  parts
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n');
