/**
 * Chooses the backend that tensors run on: native TensorFlow if it is available, otherwise WASM, otherwise plain
 * JavaScript.
 */
import { createRequire } from 'node:module';
import path from 'node:path';
// In Node, only the union package registers the gradients of the ops.
import '@tensorflow/tfjs';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { BackendError } from './backend-error.ts';
import type { Device } from './native/binding.ts';
import { findNative } from './native/find.ts';
import type { GpuOptions } from './native/gpu-variables.ts';
import { loadNative, type NativeOps } from './native/load.ts';
import { registerTrainingKernels } from './wasm-kernels/register.ts';

/** The backends that can be requested, best first. */
export const backendNames = ['tensorflow', 'wasm', 'cpu'] as const;
/** The name of a backend. */
export type BackendName = (typeof backendNames)[number];

/** The backend that was chosen, and why. */
export interface BackendChoice {
  name: BackendName;
  /** One line: who requested it, or that it is the best one here. */
  reason: string;
  /**
   * Set when native TensorFlow was wanted and is not available, or does not start on a GPU: why, what that costs, and how to
   * fix it.
   */
  notice?: string;
  /** Details of the library; only for `tensorflow`. */
  tensorflow?: TensorFlowChoice;
}

/** The TensorFlow library that was loaded. */
export interface TensorFlowChoice {
  version: string;
  /** Origin of the library, for display. */
  source: string;
  /** Whether the build can run on NVIDIA GPUs. */
  cuda: boolean;
  /** Whether it runs on a GPU. */
  gpu: boolean;
  /** TensorFlow's error, if it did not start on the GPUs of this machine and therefore runs on the CPU. */
  gpuFailure?: string;
  /** All devices that it can run on; empty with the stock addon, which cannot list them. */
  devices: readonly Device[];
  ops: NativeOps;
}

/** Options for setting up a backend. */
export interface BackendOptions {
  /** Who requests the backend, for messages, such as a command's option. */
  readonly askedBy?: string;
  /**
   * Whether to compile captured graphs with XLA on native TensorFlow. XLA fuses elementwise ops but has slower products
   * than TensorFlow's own, so measure whether it pays off; every capture takes some seconds more. Takes effect on the
   * process's first call.
   *
   * @defaultValue false
   */
  xla?: boolean;
  /**
   * Number of threads for a single op on native TensorFlow; as many ops as there are cores run at the same time. With
   * 1, captured graphs of small ops run faster, since these are too short to be divided among threads, and graphs of
   * large ops run slower. Takes effect on the process's first call, unless `TF_NUM_INTRAOP_THREADS` is set.
   *
   * @defaultValue all cores
   */
  threadsPerOp?: number;
  /** Options of NVIDIA GPUs. They take effect on the process's first call. */
  gpu?: GpuOptions;
}

/** The environment variable that forces a backend. */
export const backendVariable = 'DN_DETR_BACKEND';

/**
 * Makes a backend tfjs's current one, and reports which one and why.
 *
 * @param requested the backend to insist on; otherwise the one in `DN_DETR_BACKEND`, or the first of `tensorflow`,
 *   `wasm` and `cpu` that works
 * @throws BackendError for an unknown name, for an unknown value of `DN_DETR_GPU`, or if the requested backend is not
 *   available; the message says how to fix it
 */
export async function useBackend(requested?: string, options: BackendOptions = {}): Promise<BackendChoice> {
  const fromEnvironment = process.env[backendVariable] || undefined;
  const forced = requested ?? fromEnvironment;
  if (forced === undefined) return useBest(options);
  const origin = requested !== undefined ? (options.askedBy ?? 'the caller') : backendVariable;
  const name = backendNames.find((candidate) => candidate === forced);
  if (name === undefined) {
    throw new BackendError(`unknown backend '${forced}' (from ${origin}): expected one of ${backendNames.join(', ')}`);
  }
  const reason = `requested by ${origin}`;
  if (name === 'tensorflow') {
    const native = await useNative(reason, options);
    if ('missing' in native) {
      throw new BackendError(`native TensorFlow was ${reason} but is not available: ${native.missing}\n${howToFix}`);
    }
    return native;
  }
  await (name === 'wasm' ? useWasm() : useCpu());
  return { name, reason };
}

const howToFix =
  'To fix it run `npm run setup` in the checkout (or `npx dn-detr-native --thorough` where the package is installed): ' +
  'it needs Linux x64, Python 3 with pip, a C++ compiler and 2 GB of disk.';

async function useBest(options: BackendOptions): Promise<BackendChoice> {
  const native = await useNative('the fastest backend here', options);
  if (!('missing' in native)) return native;
  const notice =
    `native TensorFlow is not used: ${native.missing}\n` +
    `Tensors run on WASM instead: the same results, about 10 to 25 times slower. ${howToFix}`;
  try {
    await useWasm();
    return { name: 'wasm', reason: 'native TensorFlow is not available', notice };
  } catch (error) {
    await useCpu();
    return { name: 'cpu', reason: `neither native TensorFlow nor WASM runs here (${error})`, notice };
  }
}

async function useNative(reason: string, options: BackendOptions): Promise<BackendChoice | { missing: string }> {
  const state = await findNative();
  if (state.addon === undefined) return { missing: state.reason };
  const loaded = await loadNative(state, options);
  const notice =
    loaded.gpuFailure &&
    `TensorFlow does not start on the NVIDIA GPU and runs on the CPU: ${loaded.gpuFailure}\n` +
      'The command `doctor` says what is missing; DN_DETR_GPU=off keeps TensorFlow from trying.';
  const tensorflow = { ...loaded, source: state.source, cuda: state.cuda };
  return { name: 'tensorflow', reason, ...(notice && { notice }), tensorflow };
}

async function useWasm(): Promise<void> {
  const require = createRequire(import.meta.url);
  const main = require.resolve('@tensorflow/tfjs-backend-wasm');
  setWasmPaths(`${path.dirname(main)}${path.sep}`);
  const listeners = exceptionListeners();
  if (!(await tf.setBackend('wasm'))) throw new BackendError('the WASM backend does not start in this Node');
  // Emscripten's module rethrows every uncaught error from its one-line source, which buries the message, so its
  // listeners are removed.
  for (const [event, added] of exceptionListeners()) {
    for (const listener of added.filter((candidate) => !listeners.get(event)?.includes(candidate))) {
      process.off(event, listener as () => void);
    }
  }
  registerTrainingKernels();
  await tf.ready();
}

function exceptionListeners(): Map<'uncaughtException' | 'unhandledRejection', unknown[]> {
  return new Map(
    (['uncaughtException', 'unhandledRejection'] as const).map((event) => [event, process.listeners(event as never)]),
  );
}

async function useCpu(): Promise<void> {
  await tf.setBackend('cpu');
  await tf.ready();
  // On first use the backend prints advice to install tfjs-node, which has just been tried.
  (tf.backend() as unknown as { firstUse: boolean }).firstUse = false;
}
