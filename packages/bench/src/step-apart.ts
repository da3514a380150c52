/** `bench step` of one configuration in a process of its own: memory peaks, and backends, would be shared in one. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { UserError } from '@dn-detr/train';
import type { StepBench } from './step.ts';
import type { StepConfigName } from './step-configs.ts';

/**
 * @param args more of `bench step`'s options, with which the result may be another one
 * @throws UserError with what the process says if it fails
 */
export async function benchStepApart<Result = StepBench>(
  config: StepConfigName,
  steps: number,
  ...args: string[]
): Promise<Result> {
  const own = ['bench', 'step', '--json', '--config', config, '--steps', String(steps), ...args];
  const [program] = process.argv.slice(1) as [string];
  const { stdout } = await promisify(execFile)(process.execPath, [...process.execArgv, program, ...own]).catch(
    ({ stderr }: { readonly stderr: string }) => {
      throw new UserError(stderr.trim().replace(/^error: /, ''));
    },
  );
  const { results } = JSON.parse(stdout) as { results: [Result] };
  return results[0];
}
