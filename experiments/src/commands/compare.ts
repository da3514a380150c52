/** `compare`: several models on the same data, over seeds, and what their curves say. */
import path from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { compare } from '../compare/compare.ts';
import { modelNames } from '../config/schema.ts';
import { stopSignal } from '../train/stop-signal.ts';
import { backendOption, chooseBackend } from './backend-option.ts';
import { addRunOptions, configFrom, positive, type RunOptions } from './run-options.ts';

interface CompareOptions extends RunOptions {
  models: string[];
  seeds: number[];
  out?: string;
  processes?: number;
  json?: true;
  backend?: string;
}

export function compareCommand(): Command {
  const command = new Command('compare')
    .description('train several models on the same data over seeds; a table, report.html and summary.json')
    .addOption(
      new Option(
        '--models <list>',
        `of ${modelNames.join(', ')}, with settings of its own after a plus: dn-detr+denoising.groups=0`,
      )
        .argParser((text) => text.split(','))
        .default(['detr', 'dab-detr', 'dn-detr'], 'detr,dab-detr,dn-detr'),
    )
    .addOption(
      new Option('--seeds <count or list>', 'how many, or which: 3, or 0,1,2').argParser(seedList).default([0], '1'),
    );
  return addRunOptions(command)
    .option('--out <dir>', 'the folder of the comparison (default: runs/RECIPE or runs/DATA); what is there goes on')
    .option('--processes <count>', 'runs at a time (default: one for two cores)', positive)
    .option('--json', 'summary.json on stdout')
    .addOption(backendOption())
    .addHelpText('after', examples)
    .action(run);
}

const examples = `
Examples:
  npm start                                    detr, dab-detr and dn-detr on shapes, one seed
  npm start -- compare --seeds 3               the same over three seeds, goes on in runs/quick
  npm start -- compare --data DIR --minutes 20
  npm start -- compare --models dn-detr,dn-detr+denoising.groups=0 --seeds 3 --out runs/no-denoising`;

async function run({ models, seeds, out, processes, json, backend: requested, ...options }: CompareOptions) {
  const backend = await chooseBackend(requested);
  // On WASM a step takes ten times as long.
  const fallback = backend.name === 'tensorflow' ? 'quick' : 'quick-wasm';
  if (backend.name !== 'tensorflow' && options.recipe === undefined && options.data === undefined) {
    process.stderr.write(`without native TensorFlow the smaller recipe ${fallback} is used\n`);
  }
  const { recipe, config } = await configFrom(options, fallback);
  const name = options.data === undefined ? recipe.name : path.basename(config.data.source);
  const folder = path.resolve(out ?? path.join('runs', name));
  const found = await compare({
    config,
    models,
    seeds,
    folder,
    recipe: recipe.name,
    command: `npm start -- ${process.argv.slice(2).map(quoted).join(' ')}`.replace(/ -- $/, ''),
    ...(processes !== undefined && { processes: Math.floor(processes) || 1 }),
    ...(requested !== undefined && { backend: requested }),
    signal: stopSignal(),
  });
  if (found) process.stdout.write(json ? `${JSON.stringify(found.summary, null, 2)}\n` : `${found.table}\n`);
  const failed = found?.summary.models.some(({ runs }) => runs.some(({ status }) => status === 'failed'));
  if (failed) process.exitCode = 1;
  else if (found?.summary.finished !== true) {
    process.stderr.write('stopped; the same command goes on\n');
    process.exitCode = 130;
  }
}

/** A count of seeds from 0, or the seeds themselves. */
function seedList(text: string): number[] {
  const numbers = text.split(',').map(Number);
  if (text === '' || numbers.some((n) => !Number.isSafeInteger(n) || n < 0) || new Set(numbers).size < numbers.length) {
    throw new InvalidArgumentError('expected a count such as 3, or different whole numbers such as 0,1,2');
  }
  const [count] = numbers as [number];
  if (text.includes(',')) return numbers;
  if (count === 0) throw new InvalidArgumentError('expected at least one seed');
  return Array.from({ length: count }, (_, seed) => seed);
}

const quoted = (argument: string): string => (/^[\w./=,+:-]+$/.test(argument) ? argument : JSON.stringify(argument));
