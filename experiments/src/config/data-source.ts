/** Resolves `--data`, which may name a folder or data that comes with the toolkit. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { photosFolder } from '../../recipes/photos-folder.ts';
import type { Output } from '../terminal.ts';

/** Values of `data.source` by name; shapes are generated and have no folder. */
const builtIn: Readonly<Record<string, string>> = { photos: photosFolder, shapes: 'shapes' };

/**
 * The value of `data.source` for a name or a folder. If a folder has the name of data that comes with the toolkit, a notice on
 * `err` says how to select the folder.
 */
export function dataSource(err: Output, typed: string): string {
  const source = Object.hasOwn(builtIn, typed) ? builtIn[typed] : undefined;
  if (source === undefined) return path.resolve(typed);
  if (existsSync(path.resolve(typed))) {
    err.write(`${typed} is the data that comes with the toolkit; for the folder of this name write ./${typed}\n`);
  }
  return source;
}
