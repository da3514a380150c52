/** `bench step`: whole training steps, of some models beside the original's in PyTorch. */
import { availableParallelism } from 'node:os';
import {
  benchStep,
  benchStepApart,
  checkoutOf,
  mostOps,
  profileStep,
  repositoryOf,
  type StepBench,
  type StepConfig,
  type StepConfigName,
  type StepProfile,
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
  profile?: boolean;
  json?: boolean;
  backend?: string;
}

type Named<Result> = Result & { readonly config: StepConfigName };

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
    .addOption(
      new Option(
        '--profile',
        `the ${mostOps} types of op that take longest in place of phases; through sessions, the only ops that TensorFlow times`,
      ).conflicts('originals'),
    )
    .option('--json', 'one JSON document on stdout')
    .addOption(backendOption())
    .action(async (options: StepOptions) => {
      const { originals, python, threadsPerOp, profile, json } = options;
      const print = (results: readonly object[], inWords: () => string): void => {
        terminal.out.write(`${json ? JSON.stringify({ results }, null, 2) : inWords()}\n`);
      };
      if (profile) {
        const results = await benchEach(terminal.err, options, ['--profile'], profileStep);
        print(results, () => results.map(profileOf).join('\n\n'));
        return;
      }
      // All at once, before the first is measured.
      if (originals !== undefined) for (const original of originalsOf(options.config)) checkoutOf(original, originals);
      const args = originals === undefined ? [] : ['--originals', originals, '--python', python];
      const results = await benchEach(terminal.err, options, args, (config, steps) => {
        const threads = threadsPerOp ?? config.threadsPerOp ?? availableParallelism();
        return benchStep(config, steps, originals === undefined ? undefined : { python, originals, threads });
      });
      print(results, () => tableOf(results));
    });
}

/** @param args that have several configurations measured in the same way, each in a process of its own */
async function benchEach<Result extends object>(
  err: Output,
  { config, steps, threadsPerOp, backend }: StepOptions,
  args: readonly string[],
  bench: (config: StepConfig, steps: number) => Result | Promise<Result>,
): Promise<Named<Result>[]> {
  const [only] = config;
  if (config.length === 1 && only !== undefined) {
    const suited: StepConfig = stepConfigs[only];
    const threads = threadsPerOp ?? suited.threadsPerOp;
    await chooseBackend(err, backend, threads === undefined ? {} : { threadsPerOp: threads });
    return [{ config: only, ...(await bench(suited, steps)) }];
  }
  const own = [...args];
  if (threadsPerOp !== undefined) own.push('--threads-per-op', String(threadsPerOp));
  if (backend !== undefined) own.push('--backend', backend);
  const results: Named<Result>[] = [];
  for (const name of config) {
    err.write(`measuring ${name} …\n`);
    results.push({ config: name, ...(await benchStepApart<Result>(name, steps, ...own)) });
  }
  return results;
}

function tableOf(results: readonly Named<StepBench>[]): string {
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

function profileOf({ config, ms, busy, gaps, host, opMs, ops }: Named<StepProfile>): string {
  const head = ['op', 'ms', 'share', 'count'];
  const table = new Table({ head, colAligns: ['left', 'right', 'right', 'right'], style: { head: [], border: [] } });
  for (const { op, ms, share, count } of ops) {
    table.push([op, ms.toFixed(2), `${(100 * share).toFixed(1)} %`, count]);
  }
  const [whole, ...parts] = [ms, busy, gaps, host].map((time) => time.toFixed(1));
  return `${config}: ${whole} ms a step while it is profiled, in sessions in place of functions: ${parts[0]} with an op or several
running, ${parts[1]} between ops, ${parts[2]} on the host (matching, known queries, feeding and fetching).
Ops run side by side: their times add up to ${opMs.toFixed(1)} ms, of which
${table.toString()}`;
}

function positiveCount(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count > 0) return count;
  throw new InvalidArgumentError('expected a whole number above 0');
}
