/** Folders and files of JSON, and of one JSON object a line. */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { unwritable, writeAtomically } from './atomic-file.ts';
import { UserError } from './user-error.ts';

/** Makes a folder, and those it lies in. @throws UserError if it cannot be made */
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

/** Writes a value as JSON; the file appears whole or not at all. */
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
