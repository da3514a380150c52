/**
 * Captured functions, which are traced once for each shape of their inputs and then replayed as one TensorFlow graph.
 */
import { backend as currentBackend, engine, getBackend, type Tensor, tidy } from '@tensorflow/tfjs-core';
import type { NativeBackend } from '../native/binding.ts';
import { CaptureError } from './capture-error.ts';
import { isTracing } from './host.ts';
import { Replay } from './replay.ts';
import { trace } from './trace.ts';
import { type Flat, flatten } from './tree.ts';

/** Options of `capture`. */
export interface CaptureOptions {
  /** Name of the function in messages. @defaultValue the function's own name */
  name?: string;
  /**
   * Number of captures to keep, each of which occupies TensorFlow's memory; the least recently used one is dropped
   * first.
   *
   * @defaultValue 8
   */
  maxCaptures?: number;
  /** Called once with a warning if the function cannot be captured. @defaultValue `console.warn` */
  warn?: (message: string) => void;
}

/** A function that replays its captured graphs. */
export interface Captured<I, O> {
  (input: I): O;
  readonly stats: CaptureStats;
  /** Frees all captures. The function can be called again, and is then captured again. */
  dispose(): void;
}

/** Statistics on the calls of a captured function. */
export interface CaptureStats {
  /** Number of times the function was traced. */
  captures: number;
  /** Number of calls that replayed a graph. */
  replays: number;
  /** Number of captures dropped for newer ones. */
  evictions: number;
  /** Number of calls that ran op by op. */
  eager: number;
  /** Number of nodes in the last captured graph. */
  nodes: number;
  /** Why the function runs op by op on the native backend; undefined if it does not. */
  fallback?: string;
}

/**
 * Creates a function that runs as one graph on the native backend, and unchanged on any other one.
 *
 * The input and the result may be nested arrays and plain objects of tensors and host values. Host values carry data to
 * and from host code; numbers, strings and booleans in the input select a capture, as shapes do. The function must
 * compute with tensors only: gradients are fine, host code goes through `host`, random numbers through `randomStream`.
 * Tensors from enclosing scopes are looked up at every call. The caller keeps ownership of the inputs and must dispose
 * the result.
 *
 * @throws CaptureError when, while it is traced, the function reads the value of a tensor or a host value, draws random
 *   numbers on the host or assigns a variable, and when an input has another dtype than before
 */
export function capture<I, O>(fn: (input: I) => O, options: CaptureOptions = {}): Captured<I, O> {
  const { name = fn.name || 'step', maxCaptures = 8, warn = console.warn } = options;
  if (!(Number.isInteger(maxCaptures) && maxCaptures >= 1)) {
    throw new RangeError(`maxCaptures is ${maxCaptures}: expected a whole number of at least 1`);
  }
  const captures = new Map<string, { replay: Replay; rebuild: Flat['rebuild'] }>();
  const dtypes = new Map<string, string[]>();
  const stats: CaptureStats = { captures: 0, replays: 0, evictions: 0, eager: 0, nodes: 0 };

  const captureNow = (key: string, input: Flat, backend: NativeBackend): O => {
    let rebuild!: Flat['rebuild'];
    const traced = trace(backend, input, (aliases) => {
      const result = call(() => fn(input.rebuild(aliases) as I));
      rebuild = result.rebuild;
      return result;
    });
    const output = rebuild(traced.outputs) as O;
    stats.captures++;
    // Host code in the function has called the captured function itself, which is now captured.
    if (captures.has(key)) return output;
    try {
      if (traced.trace.uncapturable) throw new Error(traced.trace.uncapturable);
      const replay = new Replay(backend, traced.trace);
      stats.nodes = replay.nodeCount;
      captures.set(key, { replay, rebuild });
    } catch (error) {
      stats.fallback = error instanceof Error ? error.message : String(error);
      warn(`${name} cannot run as one graph and runs op by op instead, several times slower: ${stats.fallback}`);
      return output;
    }
    const [oldest] = captures.keys();
    if (captures.size > maxCaptures && oldest !== undefined) {
      captures.get(oldest)?.replay.dispose();
      captures.delete(oldest);
      stats.evictions++;
    }
    return output;
  };

  const captured = (input: I): O => {
    // Inside another capture, or on another backend, the plain function is called.
    if (getBackend() !== 'tensorflow' || isTracing() || stats.fallback !== undefined) {
      stats.eager++;
      const result = call(() => fn(input));
      return result.rebuild(result) as O;
    }
    if (engine().state.gradientDepth > 0) {
      throw new CaptureError(`${name} is called inside a gradient: compute the gradient inside the captured function`);
    }
    const flat = flatten(input, 'input');
    checkDtypes(dtypes, flat, name);
    const key = `${flat.structure} ${flat.tensors.map((tensor) => `[${tensor.shape}]`).join('')}`;
    const known = captures.get(key);
    if (known === undefined) return captureNow(key, flat, currentBackend() as unknown as NativeBackend);
    captures.delete(key);
    captures.set(key, known);
    stats.replays++;
    return known.rebuild(known.replay.run(flat)) as O;
  };
  const dispose = (): void => {
    for (const { replay } of captures.values()) replay.dispose();
    captures.clear();
  };
  return Object.assign(captured, { stats, dispose });
}

/**
 * Runs `fn`, frees its intermediate tensors, and gives the caller ownership of the result, even where that is an input.
 */
function call(fn: () => unknown): Flat {
  let result!: Flat;
  const tensors = tidy(() => {
    result = flatten(fn(), 'result');
    return result.tensors.map((tensor) => tensor.clone());
  });
  return { ...result, tensors };
}

/** Checks that the dtypes are those of the first call with the same structure. */
function checkDtypes(known: Map<string, string[]>, { structure, tensors, paths }: Flat, name: string): void {
  const expected = known.get(structure);
  if (expected === undefined) {
    known.set(
      structure,
      tensors.map((tensor) => tensor.dtype),
    );
    return;
  }
  tensors.forEach((tensor: Tensor, index) => {
    if (tensor.dtype === expected[index]) return;
    throw new CaptureError(
      `${name}: ${paths[index]} is ${tensor.dtype}, and was ${expected[index]} when the function was first called: ` +
        `cast it with tf.cast(x, '${expected[index]}')`,
    );
  });
}
