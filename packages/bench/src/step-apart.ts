/** `bench step` of one configuration in a separate process. */
import { commandApart } from './command-apart.ts';
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
  const { results } = await commandApart<{ results: [Result] }>(own);
  return results[0];
}
