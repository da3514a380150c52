/** The plain JavaScript backend, for unit tests that need neither speed nor an installed library. */
import { useBackend } from '@dn-detr/runtime';

/** Makes `cpu` the current backend, with gradients. */
export async function useCpuBackend(): Promise<void> {
  await useBackend('cpu');
}
