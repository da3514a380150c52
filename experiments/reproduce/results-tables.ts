/**
 * The tables of docs/results.md, made from the summaries in docs/results. On the page, each table is between a marker such
 * as `<!-- cells of groups -->` and `<!-- end -->`; `keep.ts` rewrites them.
 */

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  ablationRows,
  differenceWords,
  estimateWords,
  keptSummary,
  pairsOf,
  type StepsComparison,
  type Summary,
  stepsComparisons,
} from '@dn-detr/report';
import { ap, bounds, count, dash, decimal, listed } from '@dn-detr/report/markup';
import { UserError } from '@dn-detr/train';
import { writeAtomically } from '@dn-detr/train/files';
import { markdownTable } from 'markdown-table';
import { find, separatedFrom, verdicts } from './facts.ts';
import { falsePositives } from './false-positives.ts';
import { paper } from './paper.ts';

const tables: Readonly<Record<string, (summary: Summary, name: string) => string>> = {
  facts: factsTable,
  cells: cellsTable,
  length: lengthTable,
  claims: claimsTable,
};

/**
 * Replaces the tables of a page.
 *
 * @param kept - Returns the kept summary with the given name.
 * @throws UserError if a marker names an unknown kind of table.
 */
export function withTables(doc: string, kept: (name: string) => Summary): string {
  return doc.replace(/<!-- (\w+) of ([\w-]+) -->\n[\s\S]*?<!-- end -->/g, (_, kind: string, name: string) => {
    const table = tables[kind];
    if (!table) throw new UserError(`<!-- ${kind} of ${name} -->: expected ${listed(Object.keys(tables), 'or')}`);
    return `<!-- ${kind} of ${name} -->\n\n${table(kept(name), name)}\n\n<!-- end -->`;
  });
}

function factsTable(summary: Summary, name: string): string {
  const facts = (paper[name] ?? []).flatMap((fact) =>
    fact.figures.map((figure, i) => {
      const { here, verdict } = find(summary, fact, figure);
      return [i === 0 ? fact.says : '', figure, here, verdict];
    }),
  );
  const head = ['claim of the paper', 'figure', 'measured here (95 % interval)', 'verdict'];
  return markdownTable([head, ...facts, ...(summary.ablation ? [] : ratioRows(summary))]);
}

/**
 * Steps ratios over all seeds, and over those whose baseline does not end on the plateau: reaching the final AP of a run on
 * the plateau means little more than chance.
 */
function ratioRows(summary: Summary): string[][] {
  const ofThese = pairsOf(summary).flatMap(({ model, baseline }) =>
    stepsComparisons({ model, baseline: { ...baseline, runs: baseline.runs.filter(({ onPlateau }) => !onPlateau) } }),
  );
  return [
    ...summary.stepsRatios.map((ratio, i) =>
      ratioRow(ratio, i === 0 ? 'equal AP in fewer steps (about half there)' : ''),
    ),
    ...ofThese.map((ratio, i) => ratioRow(ratio, i === 0 ? '… in seeds that leave the plateau without it' : '')),
  ];
}

function ratioRow({ metric, ratio, interval, seeds }: StepsComparison, says: string): string[] {
  const range = interval ? ` ${bounds(interval, (value) => decimal(value, 2))}` : '';
  const each = seeds.map((seed) => decimal(seed.ratio, 2)).join(' ');
  return [
    says,
    `steps to final ${metric}`,
    `×${decimal(ratio, 2)}${range}; seeds ${each}`,
    interval === undefined || interval.high >= 1 ? verdicts.unclear : verdicts.holds,
  ];
}

function cellsTable(summary: Summary): string {
  const rows = ablationRows(summary);
  return markdownTable([
    [
      'cell',
      'AP50 of each seed',
      'mean ± half its 95 % interval',
      `difference from ${rows[0]?.model.name}`,
      'p (Holm)',
    ],
    ...rows.map((row) => [
      row.model.name,
      row.model.runs.map(({ final }) => ap(final?.AP50)).join(' '),
      estimateWords(row.AP50, ap),
      ...differenceWords(row),
    ]),
  ]);
}

/** For each number of seeds, the step from which the model and its baseline, the first of the summary, differ for good. */
function lengthTable(summary: Summary): string {
  const [without, withIt] = summary.models.map(({ name }) => name) as [string, string];
  const most = Math.min(...summary.models.map(({ runs }) => runs.length));
  return markdownTable([
    ['seeds', 'steps by AP50', 'steps by AP'],
    ...Array.from({ length: most - 1 }, (_, i) => i + 2).map((seeds) => [
      `${seeds}`,
      ...(['AP50', 'AP'] as const).map(
        (figure) => `${separatedFrom(summary, [withIt, without], figure, seeds) ?? dash}`,
      ),
    ]),
  ]);
}

/** How often runs of one model are claimed to differ in AP50. */
function claimsTable({ models }: Summary): string {
  const values = models.flatMap(({ runs }) => runs.flatMap(({ final }) => (final ? [final.AP50] : [])));
  return markdownTable([
    ['seeds per model', 'splits', 'claims'],
    ...[2, 3, 4, 5].map((seeds) => {
      const { splits, rate, interval } = falsePositives(values, seeds);
      return [`${seeds}`, count(splits), `${oneDigit(rate)}${interval ? ` ${bounds(interval, oneDigit)}` : ''} %`];
    }),
  ]);
}

const oneDigit = (share: number): string => decimal(100 * share, 1);

const docs = fileURLToPath(new URL('../../docs/', import.meta.url));
export const docsFile = path.join(docs, 'results.md');
export const keptFolder = (name: string): string => path.join(docs, 'results', name);

export const storedSummary = (name: string): Summary => keptSummary(path.join(keptFolder(name), 'summary.json'));

export function writeTables(): void {
  writeAtomically(docsFile, withTables(readFileSync(docsFile, 'utf8'), storedSummary));
}
