/** Runs `bench step` for one configuration in a separate process. */
import { commandApart } from './command-apart.ts';
import type { StepBench } from './step.ts';
import type { StepConfigName } from './step-configs.ts';

/**
 * Runs the command.
 *
 * @param args further options of `bench step`, which may change the type of the result
 * @throws UserError with the error output of the process if it fails
 */
export async function benchStepApart<Result = StepBench>(
  config: StepConfigName,
  steps: number,
  ...args: string[]
): Promise<Result> {
  const own = ['bench', 'step', '--json', '--config', config, '--steps', String(steps), ...args];
  const { results } = await commandApart<{ results: [Result] }>(own);
  return results[0];
}
