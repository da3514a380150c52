/** The option `--backend` and the notice that goes with a slower backend than wished for. */
import { type BackendChoice, type BackendOptions, backendNames, backendVariable, useBackend } from '@dn-detr/runtime';
import { Option } from 'commander';
import type { Output } from '../terminal.ts';

export function backendOption(): Option {
  return new Option(
    '--backend <name>',
    `where tensors run: ${backendNames.join(', ')}; by default ${backendVariable}, else the fastest there is`,
  );
}

/** Makes the backend current; why native TensorFlow is not used, if it is not, goes to `err`. */
export async function chooseBackend(
  err: Output,
  requested: string | undefined,
  options?: BackendOptions,
): Promise<BackendChoice> {
  const choice = await useBackend(requested, { ...options, askedBy: '--backend' });
  if (choice.notice) err.write(`notice: ${choice.notice}\n`);
  return choice;
}
