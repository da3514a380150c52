/** Ops for which a backend may have its own kernels, and that are composed of tfjs's ops on all others. */
import {
  engine,
  getBackend,
  getKernel,
  getKernelsForBackend,
  type NamedAttrMap,
  registerKernel,
  type Tensor,
  unregisterKernel,
} from '@tensorflow/tfjs-core';
import { withGradient } from './custom-gradient.ts';

/** An op that a backend may have its own kernel for, and its composed twin. */
export interface KernelOp<Value extends Tensor> {
  /**
   * Name of the kernel. There is a second one, `<name>Grad`, that takes the same inputs, the gradient `dy` of the output
   * and the same attributes, and gives the gradient of each input in the order of `inputs`.
   */
  readonly name: string;
  readonly inputs: Readonly<Record<string, Tensor>>;
  /** Makes the further tensors that both kernels take, such as masks. They get no gradient. */
  readonly constants?: () => Readonly<Record<string, Tensor>>;
  readonly attributes?: NamedAttrMap;
  /** Computes the same of the same inputs from tfjs's ops, gradient included. */
  readonly composed: () => Value;
}

/** Whether the current backend has its own kernel for an op. */
export const hasKernel = (name: string): boolean => getKernel(name, getBackend()) !== undefined;

/** Runs an op through the current backend's kernel for it, or else as it is composed. */
export function kernelOp<Value extends Tensor>(op: KernelOp<Value>): Value {
  const { name, inputs, constants = () => ({}), attributes, composed } = op;
  if (!hasKernel(name)) return composed();
  return withGradient(Object.values(inputs), () => {
    const all: Record<string, Tensor> = { ...inputs, ...constants() };
    const names = Object.keys(all);
    return {
      value: engine().runKernel<Value>(name, all, attributes),
      saved: Object.values(all),
      gradient: (dy, saved) => {
        const kept = Object.fromEntries(names.map((input, i) => [input, saved[i] as Tensor]));
        const gradients = engine().runKernel<Tensor | Tensor[]>(`${name}Grad`, { ...kept, dy }, attributes);
        return [gradients].flat();
      },
    };
  });
}

/**
 * Runs something as backends do that have no kernels of this toolkit's, to compare the two. What is captured meanwhile
 * stays composed.
 */
export function withoutKernels<T>(run: () => T): T {
  const kernels = getKernelsForBackend(getBackend()).filter(({ kernelName }) => kernelName.startsWith('Dn'));
  for (const { kernelName, backendName } of kernels) unregisterKernel(kernelName, backendName);
  try {
    return run();
  } finally {
    for (const kernel of kernels) registerKernel(kernel);
  }
}
