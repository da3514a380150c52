/** `inspect matching`: which query was matched with which object while runs were trained. */
import { namedRuns } from '@dn-detr/report';
import { Command } from 'commander';
import { matchedRuns } from '../inspect/matching.ts';
import { openOutput } from '../inspect/output-folder.ts';
import type { Terminal } from '../terminal.ts';
import { writeInspection } from './inspect-result.ts';

interface MatchingOptions {
  out: string;
  json?: true;
}

export function inspectMatchingCommand(terminal: Terminal): Command {
  return new Command('matching')
    .description('show which query is matched with which object, over training and over decoder layers')
    .argument('<runs...>', 'folders of runs, or of comparisons')
    .requiredOption('--out <dir>', 'folder for matching.html and its pictures; replaces only an earlier inspection')
    .option('--json', 'print the findings and the files written, as one JSON document')
    .addHelpText(
      'after',
      `
The images are those in a run's folder samples. Runs on the same data are shown one below the other.

Examples:
  npm start -- inspect matching runs/quick --out seen
  npm start -- inspect matching runs/quick/detr/seed-0 runs/quick/dn-detr/seed-0 --out seen`,
    )
    .action((folders: string[], options: MatchingOptions) => inspectMatching(terminal, folders, options));
}

async function inspectMatching(terminal: Terminal, folders: string[], { out, json }: MatchingOptions): Promise<void> {
  const { images, without } = matchedRuns(namedRuns(folders));
  for (const run of without) terminal.err.write(`note: ${run} has no samples and is left out\n`);
  const folder = openOutput(out, 'matching');
  const { matchingInspection } = await import('../inspect/matching-page.ts');
  writeInspection(terminal.out, folder, matchingInspection(images), out, json);
}
