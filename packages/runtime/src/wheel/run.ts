/** Other programs: pip, compilers. */
import { spawn } from 'node:child_process';

/** A command was stopped from outside, such as by Ctrl-C, and did not fail. */
export class StoppedError extends Error {
  override name = 'StoppedError';
}

/**
 * Runs a command to its end.
 *
 * @throws StoppedError if a signal ends it, Error with the last lines of its output when it fails
 */
export function run(
  command: string,
  args: string[],
  env: NodeJS.ProcessEnv,
  options: { cwd?: string; signal?: AbortSignal } = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { ...options, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const collect = (chunk: Buffer): void => {
      output += chunk.toString();
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.on('error', reject);
    child.on('close', (code, signal) => {
      const what = `${command} ${args.slice(0, 3).join(' ')} …`;
      if (code === 0) resolve(output);
      // What pip says when it gets Ctrl-C; then it ends as if it had failed.
      else if (output.includes('Operation cancelled by user')) reject(new StoppedError(`${what} was cancelled`));
      else if (signal !== null) reject(new StoppedError(`${what} was ended by ${signal}`));
      else {
        const lastWords = output.trim().split('\n').slice(-4).map(shortened).join('\n    ');
        reject(new Error(`${what} ended with ${code}:\n    ${lastWords}`));
      }
    });
  });
}

/** A line without its middle where it is long: pip tells what it could not connect to at the end of one. */
const shortened = (line: string): string => (line.length > 160 ? `${line.slice(0, 60)} … ${line.slice(-90)}` : line);
