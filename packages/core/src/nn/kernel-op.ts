/** Ops that a backend may implement as its own kernels, and that other backends run as a composition of tfjs's ops. */
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

/** An op that a backend may have a kernel for, and the equivalent composition of tfjs's ops. */
export interface KernelOp<Value extends Tensor> {
  /**
   * Name of the kernel. A second kernel, `<name>Grad`, takes the same inputs, the gradient `dy` of the output and the
   * same attributes, and returns the gradient of each input in the order of `inputs`.
   */
  readonly name: string;
  readonly inputs: Readonly<Record<string, Tensor>>;
  /** Makes additional tensors that both kernels take, such as masks. They get no gradient. */
  readonly constants?: () => Readonly<Record<string, Tensor>>;
  readonly attributes?: NamedAttrMap;
  /** Computes the same result from the same inputs with tfjs's ops, including the gradient. */
  readonly composed: () => Value;
}

/** Whether the current backend has a kernel for an op. */
export const hasKernel = (name: string): boolean => getKernel(name, getBackend()) !== undefined;

/** Runs an op through the current backend's kernel if there is one, and otherwise as the composition. */
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
 * Runs a function as on a backend without this toolkit's kernels, for comparing the two. Anything captured meanwhile
 * remains composed.
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
