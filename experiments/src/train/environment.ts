/** What a run is computed with, to be kept beside its numbers. */
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BackendChoice } from '@dn-detr/runtime';
import type { Environment } from '../compare/summary.ts';

const folder = path.dirname(fileURLToPath(import.meta.url));
const require = createRequire(import.meta.url);

export function environmentOf({ name, tensorflow }: BackendChoice): Environment {
  const commit = gitCommit();
  return {
    backend: tensorflow ? `${name} ${tensorflow.version}${tensorflow.gpu ? ' (GPU)' : ''}` : name,
    node: process.versions.node,
    versions: {
      'dn-detr': require('../../package.json').version,
      '@tensorflow/tfjs-core': require('@tensorflow/tfjs-core/package.json').version,
    },
    ...(commit !== undefined && { commit }),
    cpus: os.availableParallelism(),
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
