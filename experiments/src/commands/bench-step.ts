/** `bench step`: whole training steps, of some models beside the original's in PyTorch. */
import { availableParallelism } from 'node:os';
import type { StepBench } from '@dn-detr/bench';
import {
  benchStep,
  benchStepApart,
  checkoutOf,
  repositoryOf,
  type StepConfig,
  type StepConfigName,
  stepConfigs,
} from '@dn-detr/bench';
import Table from 'cli-table3';
import { Command, InvalidArgumentError, Option } from 'commander';
import type { Output, Terminal } from '../terminal.ts';
import { backendOption, chooseBackend } from './backend-option.ts';

interface StepOptions {
  config: StepConfigName[];
  steps: number;
  threadsPerOp?: number;
  originals?: string;
  python: string;
  json?: boolean;
  backend?: string;
}

interface StepResult extends StepBench {
  config: StepConfigName;
}

const configNames = Object.keys(stepConfigs) as StepConfigName[];
const originalsOf = (names: readonly StepConfigName[]) =>
  new Set(names.flatMap((name) => (stepConfigs[name] as StepConfig).original ?? []));

export function benchStepCommand(terminal: Terminal): Command {
  const withOriginal = configNames.filter((name) => originalsOf([name]).size > 0);
  const repositories = [...originalsOf(configNames)].map(repositoryOf);
  return new Command('step')
    .description('whole training steps: time by phase, images per second, memory')
    .addOption(new Option('--config <names...>', 'what to train').choices(configNames).default(configNames))
    .option('--steps <count>', 'steps to time', positiveCount, 20)
    .option(
      '--threads-per-op <count>',
      'threads for a single op; by default what suits the configuration',
      positiveCount,
    )
    .option(
      '--originals <dir>',
      `times the original's steps too, in turns with ours, for ${withOriginal.join(', ')}; ` +
        `the folder holds clones of ${repositories.join(' and ')}`,
    )
    .addOption(
      new Option('--python <path>', 'for --originals: an interpreter with PyTorch, torchvision and scipy')
        .env('PYTHON')
        .default('python3'),
    )
    .option('--json', 'one JSON document on stdout')
    .addOption(backendOption())
    .action(async (options: StepOptions) => {
      const results = await measure(terminal.err, options);
      terminal.out.write(`${options.json ? JSON.stringify({ results }, null, 2) : tableOf(results)}\n`);
    });
}

async function measure(err: Output, options: StepOptions): Promise<StepResult[]> {
  const { config, steps, threadsPerOp, originals, python, backend } = options;
  // All at once, before the first is measured.
  if (originals !== undefined) for (const original of originalsOf(config)) checkoutOf(original, originals);
  const [only] = config;
  if (config.length === 1 && only !== undefined) {
    const suited: StepConfig = stepConfigs[only];
    const threads = threadsPerOp ?? suited.threadsPerOp;
    await chooseBackend(err, backend, threads === undefined ? {} : { threadsPerOp: threads });
    const inTurns =
      originals === undefined ? undefined : { python, originals, threads: threads ?? availableParallelism() };
    return [{ config: only, ...(await benchStep(suited, steps, inTurns)) }];
  }
  const args: string[] = [];
  if (threadsPerOp !== undefined) args.push('--threads-per-op', String(threadsPerOp));
  if (originals !== undefined) args.push('--originals', originals, '--python', python);
  if (backend !== undefined) args.push('--backend', backend);
  const results: StepResult[] = [];
  for (const name of config) {
    err.write(`measuring ${name} …\n`);
    results.push({ config: name, ...(await benchStepApart(name, steps, ...args)) });
  }
  return results;
}

function tableOf(results: readonly StepResult[]): string {
  const phases = ['forward', 'matching', 'loss', 'backward', 'optimiser'] as const;
  const pytorch = ['PyTorch', 'least', 'ours / PyTorch'];
  const head = ['config', 'ms', 'least', ...pytorch, ...phases, 'images/s', 'peak RSS, MiB', 'captures'];
  const table = new Table({ head, style: { head: [], border: [] } });
  const rounded = (times: readonly number[]): string[] => times.map((ms) => ms.toFixed(1));
  for (const result of results) {
    table.push([
      result.config,
      ...rounded([result.ms, result.msMin]),
      ...(result.pytorch ? rounded([result.pytorch.ms, result.pytorch.msMin]) : ['-', '-']),
      result.ratio?.toFixed(2) ?? '-',
      ...rounded(phases.map((phase) => result.phases[phase])),
      result.imagesPerSecond.toFixed(1),
      result.peakRssMiB.toFixed(0),
      result.captures,
    ]);
  }
  return table.toString();
}

function positiveCount(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count > 0) return count;
  throw new InvalidArgumentError('expected a whole number above 0');
}
