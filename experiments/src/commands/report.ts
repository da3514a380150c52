/** `report`: makes one page from existing runs. */

import path from 'node:path';
import { keptSummary, namedRuns, type Summary, summarize, terminalTable } from '@dn-detr/report';
import { writeAtomically } from '@dn-detr/train/files';
import { Command } from 'commander';
import type { Terminal } from '../terminal.ts';
import { typedCommand } from './comparison.ts';

interface ReportOptions {
  out: string;
  json?: true;
}

export function reportCommand(terminal: Terminal): Command {
  return new Command('report')
    .description('make one page from existing runs and comparisons')
    .argument('<runs...>', 'folders of runs or of comparisons, or a single summary.json or ablation.json')
    .requiredOption('--out <file>', 'the page to write, such as report.html')
    .option('--json', 'print the summary as JSON')
    .addHelpText(
      'after',
      `
Examples:
  npm start -- report runs/quick --out quick.html
  npm start -- report runs/dn-detr-shapes-seed-0 runs/again --out both.html
  npm start -- report docs/results/components/summary.json --out components.html`,
    )
    .action((sources: string[], options: ReportOptions) => report(terminal, sources, options));
}

async function report(terminal: Terminal, sources: string[], { out, json }: ReportOptions): Promise<void> {
  const file = path.resolve(out);
  const [only = ''] = sources;
  const kept = sources.length === 1 && only.endsWith('.json');
  const summary = kept ? keptSummary(only) : summaryOf(terminal.args, sources, file);
  const folder = path.dirname(kept ? path.resolve(only) : file);
  // Imported here because it loads Plot and jsdom, which other commands need not wait for.
  const { reportPage } = await import('@dn-detr/report/page');
  writeAtomically(file, reportPage(summary, { folder }));
  terminal.out.write(json ? `${JSON.stringify(summary, null, 2)}\n` : `${terminalTable(summary)}\n${out}\n`);
}

function summaryOf(args: readonly string[], folders: readonly string[], file: string): Summary {
  return summarize(namedRuns(folders), {
    name: path.basename(file, path.extname(file)),
    command: typedCommand(args),
    recipe: '',
    folder: path.dirname(file),
  });
}
