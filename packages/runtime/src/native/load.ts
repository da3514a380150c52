/** Loads the native addon and registers it as tfjs's backend `tensorflow`, with the native ops. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { registerNativeOps } from '../ops/register.ts';
import {
  type AddonModule,
  type Device,
  isOwnBinding,
  type NativeBackend,
  type NativeBinding,
  withoutGpus,
} from './binding.ts';
import { quietName, tfjsNodeFolder } from './build.ts';
import type { NativeAddon } from './find.ts';
import { registerGather } from './gather.ts';
import { gpuSwitch } from './gpu-driver.ts';
import { type GpuOptions, setGpuVariables } from './gpu-variables.ts';
import type { OpsState } from './ops-module.ts';
import { registerStatelessUniform } from './stateless-uniform.ts';

const require = createRequire(import.meta.url);

/**
 * Lets XLA compile clusters of a captured graph: fused elementwise ops and products with them. Convolutions are left
 * out, since XLA's are slower than TensorFlow's own on a CPU.
 */
const xlaFlags = [
  '--tf_xla_auto_jit=2',
  '--tf_xla_cpu_global_jit',
  '--tf_xla_ops_to_cluster=FUSIBLE,BatchMatMulV2,Softmax,Transpose,Reshape,ConcatV2,SplitV,Tile',
].join(' ');

/** The native ops of this process. */
export interface NativeOps {
  /** Names of the ops in use, each with its gradient; everything else is composed of TensorFlow's own ops. */
  names: readonly string[];
  /**
   * The instruction set of their code: the best that the processor has, unless `DN_DETR_NATIVE_OPS` requests a lesser
   * one.
   */
  instructionSet?: 'avx512' | 'avx2' | 'plain';
  /** Why there are no native ops; absent if there are some. */
  reason?: string;
}

let nativeOps: NativeOps | undefined;

let gpuFailure: string | undefined;

/**
 * Loads the addon and the ops once per process and makes `tensorflow` the current backend. The backend class and its
 * kernels come from `@tensorflow/tfjs-node` or `-gpu`; the addon may be anywhere, so nothing is written below
 * `node_modules`.
 *
 * @param options take effect only if this call loads the addon
 */
export async function loadNative(
  { addon, ops }: NativeAddon,
  { xla, threadsPerOp, gpu: gpuOptions }: { xla?: boolean; threadsPerOp?: number; gpu?: GpuOptions },
): Promise<{ version: string; gpu: boolean; devices: Device[]; ops: NativeOps; gpuFailure?: string }> {
  if (!tf.findBackendFactory('tensorflow')) {
    // TensorFlow reads these variables once; values set by the user take precedence.
    if (process.env[gpuSwitch] === 'off') process.env.CUDA_VISIBLE_DEVICES = '-1';
    if (xla) process.env.TF_XLA_FLAGS ??= xlaFlags;
    if (threadsPerOp !== undefined) process.env.TF_NUM_INTRAOP_THREADS ??= String(threadsPerOp);
    setGpuVariables(gpuOptions);
    supplyRemovedNodeFunctions();
    const binding = loadQuietly(addon);
    const tfjsNode = path.join(tfjsNodeFolder() as string, 'dist');
    require(path.join(tfjsNode, 'register_all_kernels'));
    registerGather();
    registerStatelessUniform();
    const { NodeJSKernelBackend } = require(path.join(tfjsNode, 'nodejs_kernel_backend')) as {
      NodeJSKernelBackend: new (binding: NativeBinding, packageName: string) => NativeBackend;
    };
    tf.registerBackend('tensorflow', () => new NodeJSKernelBackend(binding, '@tensorflow/tfjs-node'), 3);
  }
  await tf.setBackend('tensorflow');
  await tf.ready();
  const backend = tf.backend() as unknown as NativeBackend;
  const gpu = backend.isUsingGpuDevice;
  nativeOps ??= gpu ? { names: [], reason: 'they are for the CPU, and TensorFlow runs on a GPU' } : loadOps(ops);
  const { binding } = backend;
  const devices = isOwnBinding(binding) ? binding.devices() : [];
  return { version: binding.TF_Version, gpu, devices, ops: nativeOps, ...(gpuFailure !== undefined && { gpuFailure }) };
}

/** Registers the ops with TensorFlow, whose library the binding has loaded, and with tfjs. */
function loadOps(ops: OpsState): NativeOps {
  if (ops.file === undefined) return { names: [], reason: ops.reason };
  try {
    const { ops: names, instructionSet } = require(ops.file) as { ops: string[] } & Pick<NativeOps, 'instructionSet'>;
    registerNativeOps();
    // Gradients are not listed.
    return { names: names.filter((name) => !name.endsWith('Grad')).sort(), instructionSet };
  } catch (error) {
    return { names: [], reason: `${ops.file} cannot be loaded: ${(error as Error).message}` };
  }
}

/**
 * Loads the addon without TensorFlow's start-up lines, which are for its developers, unless `TF_CPP_MIN_LOG_LEVEL` asks
 * for them.
 */
function loadQuietly(addon: string): NativeBinding {
  const quiet = path.join(path.dirname(addon), quietName);
  const muted = process.env.TF_CPP_MIN_LOG_LEVEL === undefined && existsSync(quiet);
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '2';
  if (!muted) return start(addon);
  const stderr = require(quiet) as { mute(): void; unmute(): void };
  stderr.mute();
  try {
    return start(addon);
  } finally {
    stderr.unmute();
  }
}

/** tfjs-node 4.22 calls two functions that Node 23 removed from `util` (and that Node 22 warns about). */
function supplyRemovedNodeFunctions(): void {
  const util = require('node:util') as Record<string, unknown>;
  util.isNullOrUndefined = (value: unknown) => value === null || value === undefined;
  util.isArray = Array.isArray;
}

/**
 * Returns the binding of this package's addon, started with TensorFlow's own configuration, or of the stock addon, which takes
 * none. TensorFlow does not start if the driver is too old or another process has exclusive use of the GPU; it is then started
 * without GPUs.
 */
function start(addon: string): NativeBinding {
  const module = require(addon) as AddonModule | NativeBinding;
  if (!('start' in module)) return module;
  try {
    return module.start(new Uint8Array());
  } catch (error) {
    const binding = module.start(withoutGpus);
    gpuFailure = (error as Error).message;
    return binding;
  }
}
