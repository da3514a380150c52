/** The software and hardware that compute a run, stored with its numbers. */
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { decoderVersions } from '@dn-detr/data';
import type { BackendChoice, GpuOptions } from '@dn-detr/runtime';

/** The software and hardware that computed a run's numbers. */
export interface Environment {
  readonly backend: string;
  readonly node: string;
  /** Versions of the packages that results depend on, by name. */
  readonly versions: Readonly<Record<string, string>>;
  /** Commit of the toolkit's checkout, with `+` if files were changed; absent outside a checkout. */
  readonly commit?: string;
  readonly cpus: number;
  /**
   * The native ops that were available to models, with the instruction set that they used, such as `DnA (avx2)`; absent
   * in runs from before there were any.
   */
  readonly nativeOps?: readonly string[];
  /** The native ops of each process that resumed the run with other ones than before. */
  readonly otherNativeOps?: readonly (readonly string[])[];
}

type NativeOps = NonNullable<BackendChoice['tensorflow']>['ops'];

const folder = path.dirname(fileURLToPath(import.meta.url));
const require = createRequire(import.meta.url);

/**
 * The environment of this process.
 *
 * @param gpu what a GPU may do, if TensorFlow runs on one
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
 * The notice and the new environment for a run that is resumed with other native ops than it last had; undefined if
 * they are the same.
 *
 * @param noted the environment stored in the run's folder
 */
export function otherNativeOps(
  noted: Environment,
  { nativeOps: now = [] }: Environment,
): { readonly notice: string; readonly environment: Environment } | undefined {
  const { otherNativeOps: others = [] } = noted;
  const before = others.at(-1) ?? noted.nativeOps;
  // A run from before there were native ops has a model without them.
  if (before === undefined) return undefined;
  // Earlier versions stored only the names.
  const isNamesAlone = !before.some((op) => op.includes('('));
  const comparable = isNamesAlone ? now.map((op) => op.replace(/ \(.*/, '')) : now;
  if (`${[...before].sort()}` === `${[...comparable].sort()}`) return undefined;
  const words = (names: readonly string[]): string => (names.length === 0 ? 'no native ops' : names.join(', '));
  return {
    notice:
      `native ops: the run used ${words(before)} and continues with ${words(now)}. If its model has any of them, its ` +
      'results may differ in the last bits from those of an uninterrupted run',
    environment: { ...noted, otherNativeOps: [...others, now] },
  };
}

/** The commit, with `+` if files differ from it; undefined outside a checkout or without git. */
function gitCommit(): string | undefined {
  const git = (...args: string[]) =>
    execFileSync('git', args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  try {
    return `${git('rev-parse', '--short=12', 'HEAD')}${git('status', '--porcelain', '--untracked-files=no') === '' ? '' : '+'}`;
  } catch {
    return undefined;
  }
}
