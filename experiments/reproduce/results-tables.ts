/**
 * The tables of docs/results.md, from what is kept in docs/results. Each stands there between a mark such as
 * `<!-- cells of groups -->` and `<!-- end -->`; `keep.ts` writes them anew.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { markdownTable } from 'markdown-table';
import type { Summary } from '../src/compare/summary.ts';
import { ablationRows, differenceWords } from '../src/report/ablation-rows.ts';
import { estimateWords } from '../src/report/final-rows.ts';
import { ap, bounds, dash, decimal, listed } from '../src/report/format.ts';
import { writeAtomically } from '../src/train/atomic-file.ts';
import { readJson } from '../src/train/run-folder.ts';
import { UserError } from '../src/user-error.ts';
import { type Finding, find, separatedFrom, verdicts } from './facts.ts';
import { paper } from './paper.ts';

const tables: Readonly<Record<string, (summary: Summary, name: string) => string>> = {
  facts: factsTable,
  cells: cellsTable,
  length: lengthTable,
};

/**
 * @param kept the summary of a name
 * @throws UserError if a mark asks for a table that there is not
 */
export function withTables(doc: string, kept: (name: string) => Summary): string {
  return doc.replace(/<!-- (\w+) of ([\w-]+) -->\n[\s\S]*?<!-- end -->/g, (_, kind: string, name: string) => {
    const table = tables[kind];
    if (!table) throw new UserError(`<!-- ${kind} of ${name} -->: expected ${listed(Object.keys(tables), 'or')}`);
    return `<!-- ${kind} of ${name} -->\n\n${table(kept(name), name)}\n\n<!-- end -->`;
  });
}

function factsTable(summary: Summary, name: string): string {
  const rows = (paper[name] ?? []).map((fact) => [fact.says, ...words(find(summary, fact))]);
  const ratios = summary.stepsRatios.filter(({ metric }) => !summary.ablation && metric === 'AP50');
  return markdownTable([
    ['the paper', 'here, with 95 % interval', 'does it hold'],
    ...rows,
    ...ratios.map((ratio) => ['equal AP in about half the steps', ...words(ratioFinding(ratio))]),
  ]);
}

const words = ({ here, verdict }: Finding): [string, string] => [here, verdict];

function ratioFinding({ ratio, interval, seeds }: Summary['stepsRatios'][number]): Finding {
  const reached = seeds.filter(({ steps }) => steps !== undefined).length;
  const range = interval ? ` ${bounds(interval, (value) => decimal(value, 2))}` : '';
  return {
    here: `${decimal(ratio, 2)} of the steps${range}; ${reached} of ${seeds.length} seeds`,
    verdict: interval && interval.high < 1 ? verdicts.holds : verdicts.unclear,
  };
}

function cellsTable(summary: Summary): string {
  const rows = ablationRows(summary);
  return markdownTable([
    ['cell', 'AP50 of each seed', 'mean ± half its 95 % interval', `less that of ${rows[0]?.model.name}`, 'p (Holm)'],
    ...rows.map((row) => [
      row.model.name,
      row.model.runs.map(({ final }) => ap(final?.AP50)).join(' '),
      estimateWords(row.AP50, ap),
      ...differenceWords(row),
    ]),
  ]);
}

/** From how many seeds and steps on the two models of the first fact can be told apart. */
function lengthTable(summary: Summary, name: string): string {
  const [fact] = paper[name] ?? [];
  const most = Math.min(...summary.models.map(({ runs }) => runs.length));
  return markdownTable([
    ['seeds', 'steps from which on to the end the interval leaves out 0'],
    ...Array.from({ length: most - 1 }, (_, i) => i + 2).map((seeds) => [
      `${seeds}`,
      `${(fact && separatedFrom(summary, fact, seeds)) ?? dash}`,
    ]),
  ]);
}

const docs = fileURLToPath(new URL('../../docs/', import.meta.url));
export const docsFile = path.join(docs, 'results.md');
export const keptFolder = (name: string): string => path.join(docs, 'results', name);

export const keptSummary = (name: string): Summary => readJson<Summary>(path.join(keptFolder(name), 'summary.json'));

export function writeTables(): void {
  writeAtomically(docsFile, withTables(readFileSync(docsFile, 'utf8'), keptSummary));
}
