/** Data that comes with the toolkit, which `--data` may name besides folders. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { photosFolder } from '../../recipes/photos-folder.ts';
import type { Output } from '../terminal.ts';

/** Values of `data.source` by name: shapes are drawn, and have no folder. */
const builtIn: Readonly<Record<string, string>> = { photos: photosFolder, shapes: 'shapes' };

/**
 * The value of `data.source` for what was typed, a name or a folder. Where a folder has the name of what comes with the
 * toolkit, it says on `err` how to reach the folder.
 */
export function dataSource(err: Output, typed: string): string {
  const source = Object.hasOwn(builtIn, typed) ? builtIn[typed] : undefined;
  if (source === undefined) return path.resolve(typed);
  if (existsSync(path.resolve(typed))) {
    err.write(`${typed} names the data that comes with the toolkit; the folder of this name is ./${typed}\n`);
  }
  return source;
}
