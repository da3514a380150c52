/** Other programs: pip, compilers. */
import { spawn } from 'node:child_process';

/** Runs a command to its end. @throws Error with the last lines of its output when it fails. */
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
      if (code === 0) resolve(output);
      else {
        const lastWords = output.trim().split('\n').slice(-4).map(shortened).join('\n    ');
        reject(new Error(`${command} ${args.slice(0, 3).join(' ')} … ended with ${signal ?? code}:\n    ${lastWords}`));
      }
    });
  });
}

/** A line without its middle where it is long: pip tells what it could not connect to at the end of one. */
const shortened = (line: string): string => (line.length > 160 ? `${line.slice(0, 60)} … ${line.slice(-90)}` : line);
