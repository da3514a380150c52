/** Host code between the captured parts of a step: it reads tensors, computes with arrays, and gives tensors back. */
import { engine, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { type HostValue, readHostValue } from './host-value.ts';
import { type Flat, flatten, type Leaves } from './tree.ts';

/** Values of a tensor on the host, in row-major order. */
export type HostArray = Float32Array | Int32Array | Uint8Array;

/** Inputs that host code may be given. */
export type HostInput = Tensor | HostValue<unknown>;

/** Inputs as host code sees them: the values of a tensor, and the content of a host value. */
export type HostReads<I extends readonly HostInput[]> = {
  [K in keyof I]: I[K] extends HostValue<infer T> ? T : HostArray;
};

/** Host code with its inputs and its result taken apart. */
export type HostCode = (inputs: Leaves<HostArray, unknown>) => Flat;

/** Implemented by the tracer: takes note of a host call while a function is traced. */
export interface HostTracer {
  host(inputs: Leaves, code: HostCode): Flat;
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
 * What differs from call to call and is no tensor goes in as a `HostValue`, and what `compute` learned comes out as one,
 * made with `hostValue`: the captured function returns it, or hands it to other host code.
 *
 * `compute` must return the same structure, shapes and dtypes every time for the same input shapes (pad to fixed sizes).
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

/** Runs `run` as if no gradient were being taken, as a replay does: it may call captured functions and take gradients. */
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
