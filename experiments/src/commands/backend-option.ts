/** The option `--backend`, and the notice if a slower backend is used. */
import { type BackendChoice, type BackendOptions, backendNames, backendVariable, useBackend } from '@dn-detr/runtime';
import { Option } from 'commander';
import type { Output } from '../terminal.ts';

export function backendOption(): Option {
  return new Option(
    '--backend <name>',
    `where tensors run: ${backendNames.join(', ')} (default: ${backendVariable}, or else the fastest available)`,
  );
}

/** Makes the backend current, and writes to `err` why native TensorFlow is not used, if it is not. */
export async function chooseBackend(
  err: Output,
  requested: string | undefined,
  options?: BackendOptions,
): Promise<BackendChoice> {
  const choice = await useBackend(requested, { ...options, askedBy: '--backend' });
  if (choice.notice) err.write(`notice: ${choice.notice}\n`);
  return choice;
}
