/** Finds an ablation by its name, or reads a user's own from a file. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { UserError } from '@dn-detr/train';
import { readJson } from '@dn-detr/train/files';
import { type Ablation, ablationSchema } from '../../ablations/ablation.ts';
import { ablations } from '../../ablations/ablations.ts';
import { UsageError } from '../usage-error.ts';

/**
 * The ablation with this name, or the one in this file: JSON, or a module that exports it as its default.
 *
 * @throws UsageError if there is no ablation with this name.
 * @throws UserError that lists the problems in the file.
 */
export async function ablationNamed(nameOrFile: string): Promise<Ablation> {
  const known = ablations.find(({ name }) => name === nameOrFile);
  if (known) return known;
  if (!/\.(json|[mc]?[jt]s)$/.test(nameOrFile)) {
    const names = ablations.map(({ name }) => name).join(', ');
    throw new UsageError(`there is no ablation '${nameOrFile}': expected ${names}, or a .json or .ts file of your own`);
  }
  const result = ablationSchema.safeParse(await contentsOf(path.resolve(nameOrFile)));
  if (result.success) return result.data;
  const problems = result.error.issues.map(
    ({ path: at, message }) => `${nameOrFile}: ${at.length > 0 ? `${at.join('.')}: ` : ''}${message}`,
  );
  throw new UserError(problems.join('\n'));
}

async function contentsOf(file: string): Promise<unknown> {
  if (file.endsWith('.json')) return readJson(file);
  if (!existsSync(file)) throw new UserError(`${file} does not exist`);
  try {
    return ((await import(pathToFileURL(file).href)) as { default?: unknown }).default;
  } catch (error) {
    throw new UserError(`${file} cannot be loaded: ${(error as Error).message}`, { cause: error });
  }
}
