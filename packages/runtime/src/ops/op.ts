/** How tfjs calls an op of native/ops. */
import type { KernelConfig, KernelFunc, TensorInfo } from '@tensorflow/tfjs-core';
import type { NativeBackend } from '../native/binding.ts';

/** An op as its C++ file registers it with TensorFlow. */
export interface NativeOp {
  /** TensorFlow's name of the op and tfjs's name of the kernel. */
  name: string;
  /** The inputs' names in tfjs, in TensorFlow's order. */
  inputs: readonly string[];
  /** Names of the attributes, all of them lists of whole numbers. @defaultValue none */
  attributes?: readonly string[];
  outputs: number;
}

/** The kernel of the backend `tensorflow`. It is one op of the binding, hence one node of a captured graph. */
export function kernelOf(op: NativeOp): KernelConfig {
  const kernelFunc: KernelFunc = ({ inputs, attrs, backend }) => {
    const native = backend as NativeBackend;
    const { binding } = native;
    const ids = native.getInputTensorIds(op.inputs.map((name) => inputs[name] as TensorInfo));
    const attributes = (op.attributes ?? []).map((name) => ({ name, type: binding.TF_ATTR_INT, value: attrs?.[name] }));
    const outputs = binding.executeOp(op.name, attributes, ids, op.outputs);
    const tensors = outputs.map((output) => native.createOutputTensor(output));
    return op.outputs === 1 ? (tensors[0] as TensorInfo) : tensors;
  };
  return { kernelName: op.name, backendName: 'tensorflow', kernelFunc };
}
