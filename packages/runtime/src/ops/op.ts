/** Calls an op of native/ops from tfjs. */
import type { KernelConfig, KernelFunc, TensorInfo } from '@tensorflow/tfjs-core';
import type { NativeBackend } from '../native/binding.ts';

/** An op as its C++ file registers it with TensorFlow. */
export interface NativeOp {
  /** Name of the op in TensorFlow and of the kernel in tfjs. */
  name: string;
  /** Names of the inputs in tfjs, in TensorFlow's order. */
  inputs: readonly string[];
  /** Names of the attributes, all of which are lists of whole numbers. @defaultValue none */
  attributes?: readonly string[];
  outputs: number;
}

/**
 * Creates the kernel for the backend `tensorflow`. It is one op of the binding, and therefore one node of a captured
 * graph.
 */
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
