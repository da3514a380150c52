/** Writing the result of an inspection, for all commands of `inspect`. */
import path from 'node:path';
import type { Inspection } from '../inspect/inspection.ts';
import type { OutputFolder } from '../inspect/output-folder.ts';
import type { Output } from '../terminal.ts';

/** Writes an inspection to its folder, and the list of files to `stdout`. */
export function writeInspection(
  stdout: Output,
  folder: OutputFolder,
  { page, pictures, about }: Inspection,
  out: string,
  json?: true,
): void {
  const written = folder.write(page, pictures, about);
  const lines = written.files.map((name) => path.join(out, name));
  stdout.write(`${json ? JSON.stringify(written, null, 2) : lines.join('\n')}\n`);
}
