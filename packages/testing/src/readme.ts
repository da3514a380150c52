/** The runnable examples in READMEs: their `ts` blocks, and the output of these. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The workspace's folder. */
export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');

/** The packages that can be installed, each after its dependencies. */
export const packages = ['boxes', 'matcher', 'dn', 'metrics', 'data', 'runtime', 'core', 'train', 'report'] as const;

export interface Example {
  readonly code: string;
  /** The `text` block that follows the code directly; undefined where the output differs from machine to machine. */
  readonly output: string | undefined;
}

/**
 * The `ts` blocks of a package's README, in order.
 *
 * @param companion label of the wanted blocks, as in `ts tfjs`: examples that need other packages in addition to this
 *   one
 */
export function readmeExamples(name: string, companion?: string): Example[] {
  const text = readFileSync(path.join(root, 'packages', name, 'README.md'), 'utf8');
  const opening = companion === undefined ? 'ts' : `ts ${companion}`;
  const blocks = new RegExp(
    `^\`\`\`${opening}\\n([\\s\\S]*?)^\`\`\`$(?:\\n\\n\`\`\`text\\n([\\s\\S]*?)^\`\`\`$)?`,
    'gm',
  );
  return [...text.matchAll(blocks)].map(([, code, output]) => ({ code: code as string, output }));
}
