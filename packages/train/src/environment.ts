/** What a run is computed with, to be kept beside its numbers. */
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { decoderVersions } from '@dn-detr/data';
import type { BackendChoice, GpuOptions } from '@dn-detr/runtime';

/** With what a run's numbers were computed. */
export interface Environment {
  readonly backend: string;
  readonly node: string;
  /** of what numbers depend on, by name */
  readonly versions: Readonly<Record<string, string>>;
  /** of the toolkit's checkout, with `+` where files were changed; absent outside one */
  readonly commit?: string;
  readonly cpus: number;
  /**
   * the native ops there were for models that have them, with the code that they ran: `DnA (avx2)`; absent in runs from
   * before there were any
   */
  readonly nativeOps?: readonly string[];
  /** the same of processes that went on with the run, each time that they were others than before */
  readonly otherNativeOps?: readonly (readonly string[])[];
}

type NativeOps = NonNullable<BackendChoice['tensorflow']>['ops'];

const folder = path.dirname(fileURLToPath(import.meta.url));
const require = createRequire(import.meta.url);

/**
 * What this process computes with.
 *
 * @param gpu what a GPU may do, where TensorFlow runs on one
 */
export function environmentOf({ name, tensorflow }: BackendChoice, gpu: GpuOptions): Environment {
  const commit = gitCommit();
  return {
    backend: tensorflow ? `${name} ${tensorflow.version}${tensorflow.gpu ? ` (${gpuWords(gpu)})` : ''}` : name,
    node: process.versions.node,
    versions: {
      'dn-detr': require('../package.json').version,
      '@tensorflow/tfjs-core': require('@tensorflow/tfjs-core/package.json').version,
      ...decoderVersions,
    },
    ...(commit !== undefined && { commit }),
    cpus: os.availableParallelism(),
    nativeOps: tensorflow ? nativeOpsOf(tensorflow.ops) : [],
  };
}

const gpuWords = ({ tf32, deterministic }: GpuOptions): string =>
  ['GPU', tf32 ? 'TF32' : 'float32', ...(deterministic ? ['deterministic'] : [])].join(', ');

const nativeOpsOf = ({ names, instructionSet }: NativeOps): string[] =>
  names.map((name) => (instructionSet === undefined ? name : `${name} (${instructionSet})`));

/**
 * What to say, and to note, when a run goes on with other native ops than it had last; undefined where it does not.
 *
 * @param noted the environment as the run's folder has it
 */
export function otherNativeOps(
  noted: Environment,
  { nativeOps: now = [] }: Environment,
): { readonly notice: string; readonly environment: Environment } | undefined {
  const { otherNativeOps: others = [] } = noted;
  const before = others.at(-1) ?? noted.nativeOps;
  // A run from before there were any has a model without them.
  if (before === undefined) return undefined;
  // Runs used to note the names alone.
  const isNamesAlone = !before.some((op) => op.includes('('));
  const comparable = isNamesAlone ? now.map((op) => op.replace(/ \(.*/, '')) : now;
  if (`${[...before].sort()}` === `${[...comparable].sort()}`) return undefined;
  const words = (names: readonly string[]): string => (names.length === 0 ? 'no native ops' : names.join(', '));
  return {
    notice:
      `native ops: the run had ${words(before)} and goes on with ${words(now)}. If its model has any of them, it is no ` +
      'longer to the last bit the run that it would have been',
    environment: { ...noted, otherNativeOps: [...others, now] },
  };
}

/** With `+` where files differ from it; undefined outside a checkout, or without git. */
function gitCommit(): string | undefined {
  const git = (...args: string[]) =>
    execFileSync('git', args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  try {
    return `${git('rev-parse', '--short=12', 'HEAD')}${git('status', '--porcelain', '--untracked-files=no') === '' ? '' : '+'}`;
  } catch {
    return undefined;
  }
}
