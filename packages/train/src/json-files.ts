/** Folders, JSON files, and files with one JSON object on each line. */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { unwritable, writeAtomically } from './atomic-file.ts';
import { UserError } from './user-error.ts';

/**
 * Creates a folder and its parents.
 *
 * @throws UserError if one cannot be created
 */
export function makeFolder(folder: string): void {
  const missing: string[] = [];
  for (let at = path.resolve(folder); !existsSync(at); at = path.dirname(at)) missing.unshift(at);
  // One by one, since on a read-only file system the recursive form reports that there is no such folder.
  for (const one of missing) {
    try {
      mkdirSync(one);
    } catch (error) {
      // Another run of a comparison may have created it in the meantime.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw unwritable(one, error);
    }
  }
}

/** Writes a value as JSON; the file appears complete or not at all. */
export function writeJson(file: string, value: unknown): void {
  writeAtomically(file, `${JSON.stringify(value, null, 2)}\n`);
}

/**
 * Reads a JSON file.
 *
 * @throws UserError if the file is missing or not JSON
 */
export function readJson<T>(file: string): T {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as T;
  } catch (error) {
    const reason = existsSync(file) ? `is not readable: ${(error as Error).message}` : 'does not exist';
    throw new UserError(`${file} ${reason}`);
  }
}

/**
 * Reads a file with one JSON object on each line; an incomplete last line is left out. A missing file has none.
 *
 * @throws UserError if another line is not JSON
 */
export function readJsonLines<T>(file: string): T[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n');
  // Whatever follows the last line break was not written completely.
  lines.pop();
  return lines.map((line, i) => {
    try {
      return JSON.parse(line) as T;
    } catch {
      throw new UserError(`${file}, line ${i + 1} is not JSON: ${line.slice(0, 60)}`);
    }
  });
}
