/** `gather` of `@tensorflow/tfjs-node` without its look at the indices. */
import { GatherV2, getKernel, type KernelBackend, registerKernel, unregisterKernel } from '@tensorflow/tfjs-core';

/**
 * The stock kernel reads all indices back to check them, which waits for them and which no captured function can do. On the
 * CPU TensorFlow checks them itself; on a GPU it gives zeros for those that are outside.
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
