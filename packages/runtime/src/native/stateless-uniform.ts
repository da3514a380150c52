/** TensorFlow's `StatelessRandomUniform`, for which tfjs has no op. */
import { registerKernel, type TensorInfo, tensor1d } from '@tensorflow/tfjs-core';
import type { NativeBackend } from './binding.ts';

/**
 * Name of the kernel for the backend `tensorflow`: its input is `seed`, int32 `[2]`, and its attribute is the `shape`.
 */
export const uniformKernel = 'StatelessRandomUniform';

export function registerStatelessUniform(): void {
  registerKernel({
    kernelName: uniformKernel,
    backendName: 'tensorflow',
    kernelFunc: ({ inputs, attrs, backend }) => {
      const native = backend as NativeBackend;
      const { binding } = native;
      const shape = tensor1d(attrs?.shape as number[], 'int32');
      const ids = native.getInputTensorIds([shape, inputs.seed as TensorInfo]);
      const types = { dtype: binding.TF_FLOAT, T: binding.TF_INT32, Tseed: binding.TF_INT32 };
      const attributes = Object.entries(types).map(([name, value]) => ({ name, type: binding.TF_ATTR_TYPE, value }));
      const [output] = binding.executeOp(uniformKernel, attributes, ids, 1);
      shape.dispose();
      return native.createOutputTensor(output as Parameters<NativeBackend['createOutputTensor']>[0]);
    },
  });
}
