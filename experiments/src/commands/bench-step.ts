/** `bench step`: whole training steps of DN-DETR. */
import Table from 'cli-table3';
import { Command, InvalidArgumentError, Option } from 'commander';
import type { StepBench } from '../bench/step.ts';
import { benchStep } from '../bench/step.ts';
import { benchStepApart } from '../bench/step-apart.ts';
import { type StepConfig, type StepConfigName, stepConfigs } from '../bench/step-configs.ts';
import { backendOption, chooseBackend } from './backend-option.ts';

interface StepOptions {
  config: StepConfigName[];
  steps: number;
  threadsPerOp?: number;
  json?: boolean;
  backend?: string;
}

const configNames = Object.keys(stepConfigs) as StepConfigName[];

export function benchStepCommand(): Command {
  return new Command('step')
    .description('whole training steps of DN-DETR: time by phase, images per second, memory')
    .addOption(new Option('--config <names...>', 'what to train').choices(configNames).default(configNames))
    .option('--steps <count>', 'steps to time', positiveCount, 20)
    .option(
      '--threads-per-op <count>',
      'threads for a single op; by default what suits the configuration',
      positiveCount,
    )
    .option('--json', 'one JSON document on stdout')
    .addOption(backendOption())
    .action(async (options: StepOptions) => {
      const results = await measure(options);
      process.stdout.write(`${options.json ? JSON.stringify({ results }, null, 2) : tableOf(results)}\n`);
    });
}

async function measure({ config, steps, threadsPerOp, backend }: StepOptions): Promise<StepBench[]> {
  const [only] = config;
  if (config.length === 1 && only !== undefined) {
    const suited: StepConfig = stepConfigs[only];
    const threads = threadsPerOp ?? suited.threadsPerOp;
    await chooseBackend(backend, threads === undefined ? {} : { threadsPerOp: threads });
    return [benchStep(only, steps)];
  }
  const args: string[] = [];
  if (threadsPerOp !== undefined) args.push('--threads-per-op', String(threadsPerOp));
  if (backend !== undefined) args.push('--backend', backend);
  const results: StepBench[] = [];
  for (const name of config) {
    process.stderr.write(`measuring ${name} …\n`);
    results.push(await benchStepApart(name, steps, ...args));
  }
  return results;
}

function tableOf(results: readonly StepBench[]): string {
  const phases = ['forward', 'matching', 'loss', 'backward', 'optimiser'] as const;
  const head = ['config', 'ms', 'least', ...phases, 'images/s', 'peak RSS, MiB', 'captures'];
  const table = new Table({ head, style: { head: [], border: [] } });
  for (const result of results) {
    const times = [result.ms, result.msMin, ...phases.map((phase) => result.phases[phase])];
    const figures = [result.imagesPerSecond.toFixed(1), result.peakRssMiB.toFixed(0), result.captures];
    table.push([result.config, ...times.map((ms) => ms.toFixed(1)), ...figures]);
  }
  return table.toString();
}

function positiveCount(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count > 0) return count;
  throw new InvalidArgumentError('expected a whole number above 0');
}
