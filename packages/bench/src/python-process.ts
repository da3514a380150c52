/** A Python process that measures a library for a benchmark, with one JSON document per line, in and out. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export interface PythonProcess {
  readonly process: ChildProcess;
  readonly lines: AsyncIterator<string>;
  /** Version of the library. */
  readonly version: string;
}

/**
 * Starts Python.
 *
 * @param command command of the interpreter
 * @param script prints the library's version in its first line, as `{"version": …}`
 * @returns undefined if the interpreter does not exist, or does not have the library
 */
export async function startPython(command: string, script: URL): Promise<PythonProcess | undefined> {
  const python = spawn(command, [fileURLToPath(script)], { stdio: ['pipe', 'pipe', 'ignore'] });
  // A command that does not exist closes its output too, which is all that matters here.
  python.on('error', () => {});
  const lines = createInterface({ input: python.stdout })[Symbol.asyncIterator]();
  const { value, done } = await lines.next();
  return done ? undefined : { process: python, lines, version: JSON.parse(value).version };
}
