/** The result that all commands of `inspect` end with. */
import path from 'node:path';
import type { Inspection } from '../inspect/inspection.ts';
import type { OutputFolder } from '../inspect/output-folder.ts';
import type { Output } from '../terminal.ts';

/** Writes it, and says on `stdout` what was written. */
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
