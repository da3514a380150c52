/** Parts that the tables at the end of a comparison and of an ablation share in the terminal. */
import Table from 'cli-table3';
import { type FinalRow, intervalLevel } from '../analysis/final-rows.ts';
import { runNotes } from '../analysis/runs.ts';
import { percent } from '../format.ts';
import type { Summary } from '../summary/summary.ts';

/** With the head and a line on those that are left out. */
const mostLines = 10;

/** The first column flush left, all others right; without colours and rules, and of ten lines at most. */
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

/** `AP ± 95 %` where there are intervals. */
export function estimateHead(metric: string, rows: readonly FinalRow[]): string {
  const level = intervalLevel(rows);
  return level === undefined ? metric : `${metric} ± ${percent(level)}`;
}

/** Of rows that have a star. */
export const plateauNote = (rows: readonly FinalRow[]): string[] =>
  rows.some(({ plateau }) => plateau !== undefined) ? ['* still on the plateau near 0 in some or all seeds'] : [];

/** Notes on what is unfinished, or left out of a mean. */
export const stateNotes = ({ finished, models }: Summary): string[] => [
  ...(finished ? [] : ['! Not finished: this is what there is so far.']),
  ...models.flatMap(runNotes).map((note) => `! ${note}`),
];

/** Parts with an empty line between them; those without lines are left out. */
export const paragraphs = (parts: readonly (readonly string[])[]): string =>
  parts
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n');
