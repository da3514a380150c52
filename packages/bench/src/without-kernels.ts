/** The toolkit's own kernels switched off, for the sake of comparison. */
import { getBackend, getKernelsForBackend, registerKernel, unregisterKernel } from '@tensorflow/tfjs-core';

/** Runs something as backends do that have no kernels of this toolkit's. */
export function withoutKernels<T>(run: () => T): T {
  const kernels = getKernelsForBackend(getBackend()).filter(({ kernelName }) => kernelName.startsWith('Dn'));
  for (const { kernelName, backendName } of kernels) unregisterKernel(kernelName, backendName);
  try {
    return run();
  } finally {
    for (const kernel of kernels) registerKernel(kernel);
  }
}
