/** Where a run keeps what: one place for all its file names. */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { UserError } from '../user-error.ts';
import { removeLeftovers, unwritable, writeAtomically } from './atomic-file.ts';

export interface RunFolder {
  readonly path: string;
  /** the full configuration, versions and data of the run */
  readonly config: string;
  /** a line a step */
  readonly metrics: string;
  /** a line an evaluation */
  readonly evaluations: string;
  /** a few images followed through the run: their objects, and a line an evaluation */
  readonly samples: { readonly folder: string; readonly images: string; readonly evaluations: string };
  /** weights, optimiser and all else that resuming needs */
  readonly last: string;
  /** the weights with the best AP */
  readonly best: string;
  /** TensorBoard's event files */
  readonly events: string;
  /** written by a run that ended early because its loss was no longer a number */
  readonly diverged: string;
  /** where the run ended: at its last step, or where it was stopped */
  readonly result: string;
}

export function runFolder(folder: string): RunFolder {
  const inside = (...parts: string[]) => path.join(folder, ...parts);
  return {
    path: folder,
    config: inside('config.json'),
    metrics: inside('metrics.jsonl'),
    evaluations: inside('evaluations.jsonl'),
    samples: {
      folder: inside('samples'),
      images: inside('samples', 'images.json'),
      evaluations: inside('samples', 'evaluations.jsonl'),
    },
    last: inside('checkpoints', 'last.safetensors'),
    best: inside('checkpoints', 'best.safetensors'),
    events: inside('events'),
    diverged: inside('diverged.json'),
    result: inside('result.json'),
  };
}

/** @throws UserError if the folders cannot be made */
export function makeRunFolder(folder: string): RunFolder {
  const run = runFolder(folder);
  for (const inner of [path.dirname(run.last), run.events, run.samples.folder]) makeFolder(inner);
  for (const inner of [folder, path.dirname(run.last), run.samples.folder]) removeLeftovers(inner);
  return run;
}

/** With those it is in. @throws UserError if it cannot be made */
export function makeFolder(folder: string): void {
  const missing: string[] = [];
  for (let at = path.resolve(folder); !existsSync(at); at = path.dirname(at)) missing.unshift(at);
  // One by one: on a read-only file system the recursive form says that there is no such folder.
  for (const one of missing) {
    try {
      mkdirSync(one);
    } catch (error) {
      // Another run of a comparison may have made it meanwhile.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw unwritable(one, error);
    }
  }
}

export function writeJson(file: string, value: unknown): void {
  writeAtomically(file, `${JSON.stringify(value, null, 2)}\n`);
}

/** @throws UserError if the file is missing or not JSON */
export function readJson<T>(file: string): T {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as T;
  } catch (error) {
    const reason = existsSync(file) ? `is not readable: ${(error as Error).message}` : 'does not exist';
    throw new UserError(`${file} ${reason}`);
  }
}

/** The objects of a file with one on each line; a last line that was cut off is left out. */
export function readJsonLines<T>(file: string): T[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n');
  // What stands behind the last line break was not written whole.
  lines.pop();
  return lines.map((line, i) => {
    try {
      return JSON.parse(line) as T;
    } catch {
      throw new UserError(`${file}, line ${i + 1} is not JSON: ${line.slice(0, 60)}`);
    }
  });
}
