/** `gpu-check`: a first run on a GPU, whose results are compared with what the CPU computes. */
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {
  type CheckedSteps,
  checkSteps,
  commandApart,
  type GpuCheckRow,
  gpuCheckConfigs,
  judged,
  productGflops,
  type StepConfig,
  type StepConfigName,
  stepConfigs,
} from '@dn-detr/bench';
import { askDriver, gpuSwitch, type TensorFlowChoice } from '@dn-detr/runtime';
import { type Environment, environmentOf } from '@dn-detr/train';
import { writeAtomically } from '@dn-detr/train/files';
import Table from 'cli-table3';
import { Command, Option } from 'commander';
import type { Terminal } from '../terminal.ts';
import { chooseBackend } from './backend-option.ts';
import type { Finding } from './doctor-finding.ts';
import { gpuFinding, seeGpus } from './doctor-gpu.ts';

interface CheckOptions {
  readonly config: StepConfigName[];
  readonly out: string;
  readonly tf32: boolean;
  readonly deterministic: boolean;
  readonly part?: string;
}

/** Findings of the process that measures no steps. */
interface Machine {
  readonly environment: Environment;
  readonly tensorflow: TensorFlowChoice;
  /** 10⁹ operations a second, by the side of the matrices. */
  readonly products: Readonly<Record<string, number>>;
}

type Steps = CheckedSteps & {
  /** In use on the first GPU by all processes. */
  readonly gpuMemoryMiB?: number | undefined;
};

/** The variables that decide what TensorFlow and CUDA do. */
const isTelling = (name: string): boolean => /^(TF_|CUDA_|NVIDIA_|XLA_|OMP_|DN_DETR_|LD_LIBRARY_PATH$)/.test(name);

export function gpuCheckCommand(terminal: Terminal): Command {
  return new Command('gpu-check')
    .description('a first run on a GPU: libraries, devices, speed, and steps compared with what the CPU computes')
    .addOption(
      new Option('--config <names...>', 'what to train').choices(gpuCheckConfigs).default([...gpuCheckConfigs]),
    )
    .option('--tf32', 'let products and convolutions round what they multiply to TF32', false)
    .option('--out <file>', 'the JSON file, to be attached to a bug report', 'gpu-check.json')
    .addOption(new Option('--deterministic').default(false).hideHelp())
    .addOption(new Option('--part <what>').hideHelp())
    .action(async (options: CheckOptions) => {
      if (options.part === undefined) await check(terminal, options);
      else terminal.out.write(`${JSON.stringify(await runPart(terminal, options, options.part))}\n`);
    });
}

/** Runs a part of the check in this process: `machine`, or steps whose moments are written to the file `part`. */
async function runPart(terminal: Terminal, options: CheckOptions, part: string): Promise<Machine | Steps> {
  const [name] = options.config as [StepConfigName];
  const config: StepConfig = stepConfigs[name];
  const gpu = { tf32: options.tf32, deterministic: options.deterministic };
  const threads = part === 'machine' ? undefined : config.threadsPerOp;
  const choice = await chooseBackend(terminal.err, 'tensorflow', {
    ...(threads !== undefined && { threadsPerOp: threads }),
    gpu,
  });
  const tensorflow = choice.tensorflow as TensorFlowChoice;
  if (part !== 'machine') {
    const steps = checkSteps(config, part);
    return { ...steps, gpuMemoryMiB: tensorflow.gpu ? askDriver()?.gpus[0]?.usedMiB : undefined };
  }
  const sides = tensorflow.gpu ? [1024, 4096, 8192] : [512, 1024];
  const products = Object.fromEntries(sides.map((side) => [side, productGflops(side)]));
  return { environment: environmentOf(choice, gpu), tensorflow, products };
}

async function check(terminal: Terminal, options: CheckOptions): Promise<void> {
  const { out, err } = terminal;
  const started = Date.now();
  const seen = await seeGpus();
  err.write('libraries, devices and products …\n');
  const machine = await commandApart<Machine>(['gpu-check', ...flagsOf(options), '--part', 'machine']);
  const gpu = gpuFinding({ name: 'tensorflow', reason: '', tensorflow: machine.tensorflow }, seen);
  const rows: Row[] = [];
  for (const config of options.config) {
    err.write(`steps of ${config}: here, here with deterministic ops, and on the CPU …\n`);
    rows.push(await checkConfig(config, options));
  }
  const document = {
    date: new Date(started).toISOString(),
    seconds: (Date.now() - started) / 1000,
    ...{ gpu, ...machine, tf32: options.tf32 },
    machine: { system: `${os.type()} ${os.release()} ${os.arch()}`, processor: os.cpus()[0]?.model.trim() },
    driver: { library: seen.library, ...seen.driver },
    variables: Object.fromEntries(Object.entries(process.env).filter(([name]) => isTelling(name))),
    rows,
  };
  writeAtomically(options.out, `${JSON.stringify(document, null, 2)}\n`);
  out.write(`${inWords(gpu, machine, rows)}\nall of it is in ${path.resolve(options.out)}\n`);
  if (!machine.tensorflow.gpu) err.write('note: steps ran on the CPU, so this says nothing of a GPU\n');
  if (!gpu.ok || rows.some(({ problems }) => problems.length > 0)) terminal.exitCode = 1;
}

const flagsOf = ({ tf32 }: CheckOptions): string[] => (tf32 ? ['--tf32'] : []);

type Row = GpuCheckRow & Pick<Steps, 'gpuMemoryMiB'>;

/** Three processes, since TensorFlow reads its variables once. */
async function checkConfig(config: StepConfigName, options: CheckOptions): Promise<Row> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'dn-detr-gpu-check-'));
  try {
    const run = async (name: string, flags: readonly string[], environment: Readonly<Record<string, string>> = {}) => {
      const moments = path.join(folder, name);
      const args = ['gpu-check', '--config', config, ...flags, '--part', moments];
      return { steps: await commandApart<Steps>(args, environment), moments };
    };
    const measured = await run('measured', flagsOf(options));
    const deterministic = await run('deterministic', [...flagsOf(options), '--deterministic']);
    // What all that is special here is compared with: TensorFlow's own ops on the CPU.
    const reference = await run('reference', [], { [gpuSwitch]: 'off', DN_DETR_NATIVE_OPS: 'off' });
    const sides = { measured, deterministic: deterministic.steps, reference };
    const row = judged(config, sides, options.tf32 ? 'tf32' : 'float32');
    return { ...row, gpuMemoryMiB: measured.steps.gpuMemoryMiB };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function inWords(gpu: Finding, { environment, tensorflow, products }: Machine, rows: readonly Row[]): string {
  const speeds = Object.entries(products).map(([side, gflops]) => `${gflops.toFixed(0)} at ${side} × ${side}`);
  const lines = [
    `GPU         ${gpu.value}: ${gpu.verdict}`,
    `TensorFlow  ${environment.backend}, ${tensorflow.source}`,
    `devices     ${tensorflow.devices.map(({ name }) => name.replace(/.*device:/, '')).join(', ')}`,
    `products    ${speeds.join(', ')} GFLOP/s`,
  ];
  const head = ['steps of', 'ms', 'deterministic', 'to capture', 'memory', 'loss off by', 'gradient', 'same bits', ''];
  const table = new Table({ head, style: { head: [], border: [] } });
  for (const { config, measured, deterministic, lossError, gradientError, problems, gpuMemoryMiB } of rows) {
    table.push([
      config,
      measured.ms.toFixed(1),
      deterministic.ms.toFixed(1),
      `${measured.captureSeconds.toFixed(1)} s`,
      `${(gpuMemoryMiB ?? measured.peakRssMiB).toFixed(0)} MiB`,
      lossError.toExponential(1),
      gradientError.toExponential(1),
      measured.sameBits ? 'yes' : deterministic.sameBits ? 'deterministic' : 'no',
      problems.length === 0 ? 'ok' : `!! ${problems.join('; ')}`,
    ]);
  }
  return [...lines, table.toString()].join('\n');
}
