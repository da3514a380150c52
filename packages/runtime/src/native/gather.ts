/** `gather` of `@tensorflow/tfjs-node` without its check of the indices. */
import { GatherV2, getKernel, type KernelBackend, registerKernel, unregisterKernel } from '@tensorflow/tfjs-core';

/**
 * Replaces the stock kernel, which reads back all indices to check them: it waits for them, and a captured function
 * cannot do that. On the CPU TensorFlow checks them itself; on a GPU it gives zeros for indices out of range.
 */
export function registerGather(): void {
  const stock = getKernel(GatherV2, 'tensorflow');
  if (stock === undefined) throw new Error('no gather on native TensorFlow: register its kernels before this call');
  unregisterKernel(GatherV2, 'tensorflow');
  registerKernel({
    ...stock,
    kernelFunc: (params) => {
      const backend = Object.create(params.backend as KernelBackend, { readSync: { value: () => [] } });
      return stock.kernelFunc({ ...params, backend });
    },
  });
}
