/** Host code between the captured parts of a step: it reads tensors, computes with arrays, and gives tensors back. */
import { type Tensor, tidy } from '@tensorflow/tfjs-core';
import { flatten } from './tree.ts';

/** Values of a tensor on the host, in row-major order. */
export type HostArray = Float32Array | Int32Array | Uint8Array;

/** Implemented by the tracer: takes note of a host call while a function is traced. */
export interface HostTracer {
  host(inputs: readonly Tensor[], compute: (values: HostArray[]) => Tensor[]): Tensor[];
}

let activeTracer: HostTracer | undefined;

/** Makes `tracer` see the host calls of `run`. */
export function withTracer<T>(tracer: HostTracer | undefined, run: () => T): T {
  const outer = activeTracer;
  activeTracer = tracer;
  try {
    return run();
  } finally {
    activeTracer = outer;
  }
}

/** True while a function is being traced. */
export function isTracing(): boolean {
  return activeTracer !== undefined;
}

/**
 * Runs `compute` on the host with the values of `inputs` and returns the tensors that it makes. Bipartite matching is
 * the typical use: predictions in, dense loss targets out. In a captured function the graph is cut here: what comes
 * before is run, read back, and `compute` is called anew at every replay. No gradient flows through.
 *
 * `compute` must return the same structure, shapes and dtypes every time for the same input shapes (pad to fixed sizes).
 */
export function host<O>(inputs: readonly Tensor[], compute: (...values: HostArray[]) => O): O {
  let rebuild: ((tensors: readonly Tensor[]) => unknown) | undefined;
  const computeFlat = (values: HostArray[]): Tensor[] => {
    const flat = flatten(compute(...values), 'host result');
    rebuild ??= flat.rebuild;
    return flat.tensors;
  };
  const tensors = activeTracer
    ? activeTracer.host(inputs, computeFlat)
    : tidy(() => computeFlat(inputs.map((input) => input.dataSync())));
  return rebuild?.(tensors) as O;
}
