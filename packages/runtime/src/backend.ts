/** Which backend tensors run on: native TensorFlow where it can be had, else WASM, else plain JavaScript. */
import { createRequire } from 'node:module';
import path from 'node:path';
// In Node only the union package registers the gradients of the ops.
import '@tensorflow/tfjs';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { BackendError } from './backend-error.ts';
import type { Device } from './native/binding.ts';
import { findNative } from './native/find.ts';
import type { GpuOptions } from './native/gpu-variables.ts';
import { loadNative, type NativeOps } from './native/load.ts';
import { registerTrainingKernels } from './wasm-kernels/register.ts';

/** The backends that can be asked for, best first. */
export const backendNames = ['tensorflow', 'wasm', 'cpu'] as const;
/** The backends that there are. */
export type BackendName = (typeof backendNames)[number];

/** The chosen backend and the reason. */
export interface BackendChoice {
  name: BackendName;
  /** One line: asked for by whom, or the best one here. */
  reason: string;
  /** Set when native TensorFlow was wanted and is not there, or does not start on a GPU: why, what it costs, how to fix it. */
  notice?: string;
  /** Set on `tensorflow`. */
  tensorflow?: TensorFlowChoice;
}

/** TensorFlow's library, as it was loaded. */
export interface TensorFlowChoice {
  version: string;
  /** Where the library came from, in words. */
  source: string;
  /** Whether it is a build that can run on NVIDIA GPUs. */
  cuda: boolean;
  /** Whether it runs on a GPU. */
  gpu: boolean;
  /** What TensorFlow said where it did not start on the GPUs that there are, and so runs on the CPU. */
  gpuFailure?: string;
  /** All that it can run on; none are known with the stock addon. */
  devices: readonly Device[];
  ops: NativeOps;
}

/** How a backend is set up. */
export interface BackendOptions {
  /** Who asks for the backend, for messages, such as a command's option. */
  readonly askedBy?: string;
  /**
   * Whether captured graphs are compiled with XLA on native TensorFlow. It fuses elementwise ops but has slower
   * products than TensorFlow's own, so measure whether it pays; every capture costs some seconds more. Takes effect on
   * the process's first call.
   *
   * @defaultValue false
   */
  xla?: boolean;
  /**
   * Threads for a single op on native TensorFlow; as many ops as there are cores run side by side. 1 makes captured graphs
   * of small ops faster, which are too short to be shared out, and those of large ops slower. Takes effect on the
   * process's first call, unless `TF_NUM_INTRAOP_THREADS` is set.
   *
   * @defaultValue all cores
   */
  threadsPerOp?: number;
  /** Freedoms of an NVIDIA GPU. Takes effect on the process's first call. */
  gpu?: GpuOptions;
}

/** The environment variable that forces a backend. */
export const backendVariable = 'DN_DETR_BACKEND';

/**
 * Makes a backend tfjs's current one and says which and why.
 * @param requested a backend to insist on; else `DN_DETR_BACKEND`; else the first of `tensorflow`, `wasm`, `cpu` that works.
 * @throws BackendError for an unknown name or value of `DN_DETR_GPU`, or when the backend asked for is not there; the message names the fix.
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
  const reason = `asked for by ${origin}`;
  if (name === 'tensorflow') {
    const native = await useNative(reason, options);
    if ('missing' in native) {
      throw new BackendError(`native TensorFlow was ${reason} but is not there: ${native.missing}\n${howToFix}`);
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
    return { name: 'wasm', reason: 'native TensorFlow is not there', notice };
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
  // Emscripten's module rethrows every uncaught error from its one-line source, burying the message: its listeners go.
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
  // The backend's first use prints advice to install tfjs-node, which is what has just been tried.
  (tf.backend() as unknown as { firstUse: boolean }).firstUse = false;
}
