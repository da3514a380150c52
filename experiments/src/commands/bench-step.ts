/** `bench step`: times complete training steps, and shows where their time goes. */
import {
  benchStep,
  benchStepApart,
  mostOps,
  profileStep,
  type StepBench,
  type StepConfig,
  type StepConfigName,
  type StepProfile,
  stepConfigs,
} from '@dn-detr/bench';
import Table from 'cli-table3';
import { Command, Option } from 'commander';
import type { Output, Terminal } from '../terminal.ts';
import { backendOption, chooseBackend } from './backend-option.ts';
import { fromOne } from './run-options.ts';

interface StepOptions {
  config: StepConfigName[];
  steps: number;
  threadsPerOp?: number;
  phases: boolean;
  profile?: boolean;
  json?: boolean;
  backend?: string;
}

type Named<Result> = Result & { readonly config: StepConfigName };

const configNames = Object.keys(stepConfigs) as StepConfigName[];

export function benchStepCommand(terminal: Terminal): Command {
  return new Command('step')
    .description('time complete training steps: by phase, images per second, memory')
    .addOption(new Option('--config <names...>', 'configurations to time').choices(configNames).default(configNames))
    .option('--steps <count>', 'steps to time', fromOne, 20)
    .option('--threads-per-op <count>', 'threads for a single op (default: depends on the configuration)', fromOne)
    .option('--no-phases', 'time only complete steps, which takes a third less time')
    .option(
      '--profile',
      `instead, show the ${mostOps} types of op that take longest; steps then run in sessions, where TensorFlow can time ops`,
    )
    .option('--json', 'print one JSON document')
    .addOption(backendOption())
    .action(async (options: StepOptions) => {
      const { phases, profile, json } = options;
      const print = (results: readonly object[], inWords: () => string): void => {
        terminal.out.write(`${json ? JSON.stringify({ results }, null, 2) : inWords()}\n`);
      };
      if (profile) {
        const results = await benchEach(terminal.err, options, ['--profile'], profileStep);
        print(results, () => results.map(profileOf).join('\n\n'));
        return;
      }
      const args = phases ? [] : ['--no-phases'];
      const results = await benchEach(terminal.err, options, args, (...of) => benchStep(...of, { phases }));
      print(results, () => tableOf(results));
    });
}

/** @param args - Options passed on to the separate processes, in which several configurations are measured one by one. */
async function benchEach<Result extends object>(
  err: Output,
  { config, steps, threadsPerOp, backend }: StepOptions,
  args: readonly string[],
  bench: (config: StepConfig, steps: number) => Result,
): Promise<Named<Result>[]> {
  const [only] = config;
  if (config.length === 1 && only !== undefined) {
    const suited: StepConfig = stepConfigs[only];
    const threads = threadsPerOp ?? suited.threadsPerOp;
    await chooseBackend(err, backend, threads === undefined ? {} : { threadsPerOp: threads });
    return [{ config: only, ...bench(suited, steps) }];
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
  const head = ['config', 'ms', 'least', ...phases, 'images/s', 'peak RSS, MiB', 'captures'];
  const table = new Table({ head, style: { head: [], border: [] } });
  for (const result of results) {
    table.push([
      result.config,
      ...[result.ms, result.msMin].map((ms) => ms.toFixed(1)),
      ...phases.map((phase) => result.phases?.[phase].toFixed(1) ?? '-'),
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
  return `${config}: ${whole} ms per step while profiled, in sessions instead of functions: ${parts[0]} with at least one op
running, ${parts[1]} between ops, ${parts[2]} on the host (matching, known queries, feeding and fetching).
Ops run in parallel: their times add up to ${opMs.toFixed(1)} ms, of which
${table.toString()}`;
}
