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
    new Command('queries').description(
      'show the known queries over the images of a training step, and the attention mask',
    ),
  )
    .option('--seed <number>', 'seed of the run: order of the data, augmentation and noise', wholeNumber)
    .option('--step <number>', 'training step, from 1', fromOne, 1)
    .option('--images <count>', "number of the step's images to show", fromOne, 4)
    .requiredOption('--out <dir>', 'folder for queries.html and its pictures; replaces only an earlier inspection')
    .option('--json', 'print the findings and the files written, as one JSON document')
    .addHelpText('after', examples)
    .action((options: QueriesOptions) => inspectQueries(terminal, options));
}

const examples = `
The images are those of the same step of train with these settings and this seed.

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
