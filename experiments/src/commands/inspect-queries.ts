/** `inspect queries`: the known queries of a training step. */

import { openRunData, resolveSettings, withChanges } from '@dn-detr/train';
import { Command } from 'commander';
import { openOutput } from '../inspect/output-folder.ts';
import { queriesOfStep } from '../inspect/queries.ts';
import type { Terminal } from '../terminal.ts';
import { writeInspection } from './inspect-result.ts';
import { addRunOptions, fromOne, type RunOptions, settingsFrom, wholeNumber } from './run-options.ts';

interface QueriesOptions extends RunOptions {
  seed?: number;
  step: number;
  images: number;
  out: string;
  json?: true;
}

export function inspectQueriesCommand(terminal: Terminal): Command {
  return addRunOptions(
    new Command('queries').description('known queries over the images of a training step, and the attention mask'),
  )
    .option('--seed <number>', 'of the run: order of the data, augmentation and noise', wholeNumber)
    .option('--step <number>', 'which step of training, from 1', fromOne, 1)
    .option('--images <count>', 'how many of its images', fromOne, 4)
    .requiredOption('--out <dir>', 'where queries.html and its pictures go; only an earlier inspection is replaced')
    .option('--json', 'what was written and found, as one JSON document')
    .addHelpText('after', examples)
    .action((options: QueriesOptions) => inspectQueries(terminal, options));
}

const examples = `
The images are those that train sees at that step, with the same settings and seed.

Examples:
  npm start -- inspect queries --out seen
  npm start -- inspect queries --data DIR --step 100 --set denoising.groups=3 --out seen
  npm start -- inspect queries --set denoising.isolate=nothing --out seen`;

async function inspectQueries(
  terminal: Terminal,
  { seed, step, images, out, json, ...options }: QueriesOptions,
): Promise<void> {
  const { settings } = await settingsFrom(terminal.err, options, 'quick');
  const { config } = resolveSettings(seed === undefined ? settings : withChanges(settings, { seed }));
  const folder = openOutput(out, 'queries');
  const data = await openRunData(config);
  for (const notice of data.notices) terminal.err.write(`${notice}\n`);
  const found = await queriesOfStep(config, data, step, images);
  const { queriesInspection } = await import('../inspect/queries-page.ts');
  const classNames = data.dataset.categories.map(({ name }) => name);
  writeInspection(terminal.out, folder, await queriesInspection(found, step, config, classNames), out, json);
}
