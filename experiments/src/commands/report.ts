/** `report`: one page over runs that are there. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { Command } from 'commander';
import { namedRuns } from '../compare/named-runs.ts';
import { summarize } from '../compare/summarize.ts';
import type { Summary } from '../compare/summary.ts';
import { writeAtomically } from '../train/atomic-file.ts';
import { readJson } from '../train/run-folder.ts';
import { UserError } from '../user-error.ts';

interface ReportOptions {
  out: string;
  json?: true;
}

export function reportCommand(): Command {
  return new Command('report')
    .description('one page over finished runs and comparisons, laid over each other')
    .argument('<runs...>', 'folders of runs or of comparisons; or a summary.json or ablation.json alone')
    .requiredOption('--out <file>', 'the page to write, such as report.html')
    .option('--json', 'the summary on stdout')
    .addHelpText(
      'after',
      `
Examples:
  npm start -- report runs/quick --out quick.html
  npm start -- report runs/dn-detr-shapes-seed-0 runs/again --out both.html
  npm start -- report docs/results/components/summary.json --out components.html`,
    )
    .action(report);
}

async function report(sources: string[], { out, json }: ReportOptions): Promise<void> {
  const missing = sources.find((source) => !existsSync(source));
  if (missing !== undefined) {
    throw new UserError(`${missing} does not exist: expected the folder of a run, or a summary.json`);
  }
  const file = path.resolve(out);
  const [only = ''] = sources;
  const kept = sources.length === 1 && only.endsWith('.json');
  const summary = kept ? keptSummary(only) : summaryOf(sources, file, out);
  const folder = path.dirname(kept ? path.resolve(only) : file);
  const [{ reportPage }, { terminalTable }] = await Promise.all([
    import('../report/page.ts'),
    import('../report/terminal.ts'),
  ]);
  writeAtomically(file, reportPage(summary, { folder }));
  process.stdout.write(json ? `${JSON.stringify(summary, null, 2)}\n` : `${terminalTable(summary)}\n${out}\n`);
}

function summaryOf(folders: readonly string[], file: string, out: string): Summary {
  return summarize(namedRuns(folders.map((folder) => path.resolve(folder))), {
    name: path.basename(file, path.extname(file)),
    command: `npm start -- report ${folders.join(' ')} --out ${out}`,
    recipe: '',
    folder: path.dirname(file),
  });
}

/** @throws UserError if the file holds none, or one of another form */
function keptSummary(file: string): Summary {
  const summary = readJson<Partial<Summary> | null>(file);
  if (summary?.schema === 1 && Array.isArray(summary.models)) return summary as Summary;
  throw new UserError(`${file} is no summary.json or ablation.json of this version: it has no 'schema' of 1`);
}
