/** `report`: one page over runs that are there. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { Command } from 'commander';
import { namedRuns } from '../compare/named-runs.ts';
import { summarize } from '../compare/summarize.ts';
import { writeAtomically } from '../train/atomic-file.ts';
import { UserError } from '../user-error.ts';

interface ReportOptions {
  out: string;
  json?: true;
}

export function reportCommand(): Command {
  return new Command('report')
    .description('one page over finished runs and comparisons, laid over each other')
    .argument('<runs...>', 'folders of runs, or of comparisons')
    .requiredOption('--out <file>', 'the page to write, such as report.html')
    .option('--json', 'the summary on stdout')
    .addHelpText(
      'after',
      `
Examples:
  npm start -- report runs/quick --out quick.html
  npm start -- report runs/dn-detr-shapes-seed-0 runs/again --out both.html`,
    )
    .action(report);
}

async function report(folders: string[], { out, json }: ReportOptions): Promise<void> {
  const missing = folders.find((folder) => !existsSync(folder));
  if (missing !== undefined) throw new UserError(`${missing} does not exist: expected the folder of a run`);
  const file = path.resolve(out);
  const summary = summarize(namedRuns(folders.map((folder) => path.resolve(folder))), {
    name: path.basename(file, path.extname(file)),
    command: `npm start -- report ${folders.join(' ')} --out ${out}`,
    recipe: '',
    folder: path.dirname(file),
  });
  const [{ reportPage }, { terminalTable }] = await Promise.all([
    import('../report/page.ts'),
    import('../report/terminal.ts'),
  ]);
  writeAtomically(file, reportPage(summary, { folder: path.dirname(file) }));
  process.stdout.write(json ? `${JSON.stringify(summary, null, 2)}\n` : `${terminalTable(summary)}\n${out}\n`);
}
