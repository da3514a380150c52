/** The option `--backend` and the notice that goes with a slower backend than wished for. */
import { type BackendChoice, type BackendOptions, backendNames, backendVariable, useBackend } from '@dn-detr/runtime';
import { Option } from 'commander';

export function backendOption(): Option {
  return new Option(
    '--backend <name>',
    `where tensors run: ${backendNames.join(', ')}; by default ${backendVariable}, else the fastest there is`,
  );
}

/** Makes the backend current; why native TensorFlow is not used, if it is not, goes to stderr. */
export async function chooseBackend(requested: string | undefined, options?: BackendOptions): Promise<BackendChoice> {
  const choice = await useBackend(requested, { ...options, askedBy: '--backend' });
  if (choice.notice) process.stderr.write(`notice: ${choice.notice}\n`);
  return choice;
}
