/** An executable that does in place of a Python with PyTorch, as benches ask one. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';

/**
 * @param folder that it is written to
 * @param answer statement in JavaScript that prints the answer to each `line` of input
 * @returns its path
 */
export function pythonStandIn(folder: string, answer: string): string {
  const command = path.join(folder, 'python');
  const body = `
    console.log('{"version":"2.0"}');
    require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => { ${answer} });`;
  writeFileSync(command, `#!${process.execPath}\n${body}`, { mode: 0o755 });
  return command;
}
