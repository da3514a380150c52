/** Host code between the captured parts of a step: it reads tensors, computes with arrays, and returns tensors. */
import { engine, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { type HostValue, readHostValue } from './host-value.ts';
import { type Flat, flatten, type Leaves } from './tree.ts';

/** Values of a tensor on the host, in row-major order. */
export type HostArray = Float32Array | Int32Array | Uint8Array;

/** An input of host code. */
export type HostInput = Tensor | HostValue<unknown>;

/** The form in which host code receives its inputs: the values of a tensor, or the content of a host value. */
export type HostReads<I extends readonly HostInput[]> = {
  [K in keyof I]: I[K] extends HostValue<infer T> ? T : HostArray;
};

/** Host code whose inputs and result are flattened. */
export type HostCode = (inputs: Leaves<HostArray, unknown>) => Flat;

/** Implemented by the tracer: records a host call while a function is traced. */
export interface HostTracer {
  host(inputs: Leaves, code: HostCode): Flat;
}

let activeTracer: HostTracer | undefined;

/** Makes `tracer` record the host calls of `run`. */
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
 * Runs `compute` on the host with the values of `inputs`, and returns the tensors that it creates. Bipartite matching
 * is the typical use: predictions in, dense loss targets out. In a captured function the graph is cut here: the part
 * before is run and read back, and `compute` is called again at every replay. No gradient flows through.
 *
 * Data other than tensors that differs from call to call goes in as a `HostValue`, and results other than tensors come
 * out as one, created with `hostValue`: the captured function returns it, or passes it to other host code.
 *
 * For the same input shapes, `compute` must always return the same structure, shapes and dtypes (pad to fixed sizes).
 */
export function host<const I extends readonly HostInput[], O>(inputs: I, compute: (...values: HostReads<I>) => O): O {
  const { tensors, hostValues, rebuild } = flatten(inputs, 'host input');
  const code: HostCode = (values) => {
    const result = offTape(() => compute(...(rebuild(values) as HostReads<I>)));
    return flatten(result, 'host result');
  };
  const call = activeTracer?.host({ tensors, hostValues }, code) ?? callNow({ tensors, hostValues }, code);
  return call.rebuild(call) as O;
}

function callNow({ tensors, hostValues }: Leaves, code: HostCode): Flat {
  let result!: Flat;
  tidy(() => {
    const arrays = tensors.map((tensor): HostArray => tensor.dataSync());
    result = code({ tensors: arrays, hostValues: hostValues.map(readHostValue) });
    return result.tensors;
  });
  return result;
}

/** Runs `run` as if no gradient were being taken, as in a replay: it may call captured functions and take gradients. */
function offTape<T>(run: () => T): T {
  const { state } = engine();
  const { gradientDepth, activeTape } = state;
  state.gradientDepth = 0;
  try {
    return run();
  } finally {
    Object.assign(state, { gradientDepth, activeTape });
  }
}
