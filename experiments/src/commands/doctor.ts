/** `doctor [--json]`: versions, backend and measured speed on this machine, each with a verdict and advice. */
import os from 'node:os';
import { productGflops, secondsPerCall } from '@dn-detr/bench';
import type { BackendChoice } from '@dn-detr/runtime';
import {
  efficientnetLiteWeights,
  type StoredWeights,
  stateOfWeights,
  storedWeights,
  weightsFile,
} from '@dn-detr/train';
import * as tf from '@tensorflow/tfjs-core';
import Table from 'cli-table3';
import { Command } from 'commander';
import type { Terminal } from '../terminal.ts';
import { backendOption, chooseBackend } from './backend-option.ts';
import type { Finding } from './doctor-finding.ts';
import { gpuFinding, type SeenGpus, seeGpus } from './doctor-gpu.ts';

export function doctorCommand(terminal: Terminal): Command {
  return new Command('doctor')
    .description('show versions, the backend and why it was chosen, measured speed, and pretrained weights')
    .option('--json', 'print one JSON document')
    .addOption(backendOption())
    .action(async (options: { json?: boolean; backend?: string }) => {
      const choice = await chooseBackend(terminal.err, options.backend);
      const speed = measureSpeed();
      const weights = await findWeights();
      const findings = [...describe(choice, speed, await seeGpus()), ...weights.map(describeWeights)];
      if (options.json) {
        const { name, reason, notice, tensorflow } = choice;
        const machine = { node: process.versions.node, os: osName(), cores: os.availableParallelism() };
        const memory = { freeBytes: os.freemem(), totalBytes: os.totalmem() };
        terminal.out.write(
          `${JSON.stringify({ ...machine, backend: { name, reason, notice, tensorflow }, speed, memory, weights, findings }, null, 2)}\n`,
        );
        return;
      }
      const table = new Table({ head: ['', 'found', 'verdict'], style: { head: [], border: [] }, wordWrap: true });
      for (const { name, value, ok, verdict } of findings) table.push([name, value, `${ok ? 'ok' : '!!'}  ${verdict}`]);
      terminal.out.write(`${table.toString()}\n`);
    });
}

/** Speed of the current backend. */
export interface Speed {
  /** Products of 512 × 512 matrices, in GFLOP/s. */
  matmulGflops: number;
  /** Convolutions, 3 × 3, of 8 × 40 × 40 × 64 to 64 channels, in GFLOP/s. */
  convGflops: number;
  /** Time of one addition of two scalars, in microseconds. */
  opMicroseconds: number;
}

/** Measures each figure as the best of several rounds; takes about a second on native TensorFlow. */
function measureSpeed(): Speed {
  return tf.tidy(() => {
    const image = tf.fill([8, 40, 40, 64], 0.5) as tf.Tensor4D;
    const filter = tf.fill([3, 3, 64, 64], 0.5) as tf.Tensor4D;
    const one = tf.scalar(1);
    const convSeconds = secondsPerCall(() => tf.conv2d(image, filter, 1, 'same'));
    return {
      matmulGflops: productGflops(512),
      convGflops: (2 * 8 * 40 * 40 * 3 * 3 * 64 * 64) / convSeconds / 1e9,
      opMicroseconds: secondsPerCall(() => tf.add(one, one)) * 1e6,
    };
  });
}

function describe(choice: BackendChoice, speed: Speed, gpus: SeenGpus): Finding[] {
  const major = Number(process.versions.node.split('.')[0]);
  const native = choice.name === 'tensorflow';
  const freeGib = os.freemem() / 2 ** 30;
  const [slowMatmul, slowConv] = native ? [30, 30] : [4, 1];
  return [
    {
      name: 'Node',
      value: process.versions.node,
      ok: major >= 20 && major <= 24,
      verdict: major >= 20 && major <= 24 ? 'tested version' : 'use Node 20 to 24, which are tested',
    },
    { name: 'system', value: osName(), ok: true, verdict: `${os.cpus()[0]?.model.trim() ?? 'unknown processor'}` },
    {
      name: 'cores',
      value: String(os.availableParallelism()),
      ok: os.availableParallelism() >= 2,
      verdict: os.availableParallelism() >= 2 ? 'TensorFlow uses all of them' : 'one core: training will be slow',
    },
    {
      name: 'backend',
      value: choice.name,
      ok: native,
      verdict: native ? choice.reason : `${choice.reason}; 10 to 25 times slower than native: run npm run setup`,
    },
    {
      name: 'TensorFlow',
      value: choice.tensorflow?.version ?? 'none',
      ok: native,
      verdict: choice.tensorflow?.source ?? 'native TensorFlow is not in use',
    },
    nativeOps(choice),
    gpuFinding(choice, gpus),
    {
      name: 'matrix products',
      value: `${speed.matmulGflops.toFixed(1)} GFLOP/s`,
      ok: speed.matmulGflops >= slowMatmul,
      verdict: speed.matmulGflops >= slowMatmul ? `good for ${choice.name}` : 'slow: is the machine busy?',
    },
    {
      name: 'convolutions',
      value: `${speed.convGflops.toFixed(1)} GFLOP/s`,
      ok: speed.convGflops >= slowConv,
      verdict: speed.convGflops >= slowConv ? `good for ${choice.name}` : 'slow: is the machine busy?',
    },
    {
      name: 'cost of one op',
      value: `${speed.opMicroseconds.toFixed(1)} µs`,
      ok: speed.opMicroseconds < 100,
      verdict: native ? 'captured steps avoid most of it' : 'added to every op of a step',
    },
    {
      name: 'free memory',
      value: `${freeGib.toFixed(1)} of ${(os.totalmem() / 2 ** 30).toFixed(1)} GiB`,
      ok: freeGib >= 2,
      verdict:
        freeGib >= 2 ? 'enough for small models' : 'less than 2 GiB: close other programs or use smaller batches',
    },
  ];
}

/** Pretrained weights that runs can start from. */
interface FoundWeights extends StoredWeights {
  state: Awaited<ReturnType<typeof stateOfWeights>>;
  path: string;
}

const findWeights = (): Promise<FoundWeights[]> =>
  Promise.all(
    efficientnetLiteWeights.map(async (weights) => ({
      ...storedWeights(weights),
      state: await stateOfWeights(weights),
      path: weightsFile(weights),
    })),
  );

const describeWeights = ({ name, licence, state, path }: FoundWeights): Finding => ({
  name: `weights ${name}`,
  value: state,
  ok: state !== 'damaged',
  verdict: {
    there: `${licence}; ${path}`,
    damaged: `${path} is damaged: the next run that uses it downloads it again`,
    missing: `${licence}; the first run that uses them downloads them`,
  }[state],
});

/** The toolkit's own native ops; without them, composed ops give the same results. */
function nativeOps({ tensorflow }: BackendChoice): Finding {
  const { names = [], instructionSet, reason = 'native TensorFlow is not in use' } = tensorflow?.ops ?? {};
  const ok = names.length > 0;
  const verdict = ok
    ? `used by the models that need them; code for ${instructionSet}`
    : `${reason}; models that would use them are slower`;
  return { name: 'native ops', value: ok ? names.join(', ') : 'none', ok, verdict };
}

function osName(): string {
  return `${os.type()} ${os.release()} ${os.arch()}`;
}
