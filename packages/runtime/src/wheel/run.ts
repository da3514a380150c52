/** Runs other programs: pip, compilers. */
import { spawn } from 'node:child_process';

/** Thrown when a command was stopped from outside, for example with Ctrl-C, rather than failed. */
export class StoppedError extends Error {
  override name = 'StoppedError';
}

/**
 * Runs a command to completion.
 *
 * @returns what it wrote to stdout and stderr
 * @throws StoppedError if a signal ends it, Error with the last lines of its output if it fails
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
      // pip prints this on Ctrl-C and then exits as if it had failed.
      else if (output.includes('Operation cancelled by user')) reject(new StoppedError(`${what} was cancelled`));
      else if (signal !== null) reject(new StoppedError(`${what} was ended by ${signal}`));
      else {
        const lastWords = output.trim().split('\n').slice(-4).map(shortened).join('\n    ');
        reject(new Error(`${what} ended with ${code}:\n    ${lastWords}`));
      }
    });
  });
}

/** Cuts the middle out of a long line: pip names the address that it could not reach at the end of one. */
const shortened = (line: string): string => (line.length > 160 ? `${line.slice(0, 60)} … ${line.slice(-90)}` : line);
