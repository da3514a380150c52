/** An executable that stands in for a Python with PyTorch in benchmarks. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';

/**
 * Writes the executable.
 *
 * @param folder folder in which it is created
 * @param answer JavaScript statement that prints the answer to each `line` of input
 * @returns the path of the executable
 */
export function pythonStandIn(folder: string, answer: string): string {
  const command = path.join(folder, 'python');
  const body = `
    console.log('{"version":"2.0"}');
    require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => { ${answer} });`;
  writeFileSync(command, `#!${process.execPath}\n${body}`, { mode: 0o755 });
  return command;
}
