/** What the tables at the end of a comparison and of an ablation have in common in the terminal. */
import Table from 'cli-table3';
import type { Summary } from '../compare/summary.ts';
import type { FinalRow } from './final-rows.ts';
import { runNotes } from './runs.ts';

/** The first column flush left, all others right; without colours. */
export function plainTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const table = new Table({
    head: [...head],
    colAligns: ['left', ...head.slice(1).map(() => 'right' as const)],
    style: { head: [], border: [], compact: true },
  });
  for (const row of rows) table.push([...row]);
  return table.toString();
}

/** Of rows that have a star. */
export const plateauNotes = (rows: readonly FinalRow[]): string[] =>
  rows.flatMap(({ plateau, model }) => (plateau === undefined ? [] : [`* ${model.name}: ${plateau}`]));

/** What is not finished, or in no mean. */
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
