/** The runnable examples of READMEs: their `ts` blocks. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The workspace's folder. */
export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');

/** The packages whose READMEs hold examples. */
export const packages = ['runtime', 'core'] as const;

/** The `ts` blocks of a package's README, in order. */
export function readmeExamples(name: string): string[] {
  const text = readFileSync(path.join(root, 'packages', name, 'README.md'), 'utf8');
  return [...text.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map((match) => match[1] as string);
}
