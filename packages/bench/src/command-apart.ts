/**
 * Runs a command in a separate process, because one process would share peak memory, backends and TensorFlow's
 * variables.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { UserError } from '@dn-detr/train';

/**
 * Runs a command of this program.
 *
 * @param args arguments of a command that prints one JSON document
 * @param environment variables that differ from this process's
 * @throws UserError with the error output of the process if it fails
 */
export async function commandApart<Result>(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Result> {
  const [program] = process.argv.slice(1) as [string];
  const env = { ...process.env, ...environment };
  const { stdout } = await promisify(execFile)(process.execPath, [...process.execArgv, program, ...args], {
    env,
  }).catch(({ stderr, signal }: { readonly stderr: string; readonly signal?: string }) => {
    const words = stderr.trim().replace(/^error: /, '');
    throw new UserError(words === '' ? `${args.slice(0, 2).join(' ')} was ended by ${signal}` : words);
  });
  return JSON.parse(stdout) as Result;
}
