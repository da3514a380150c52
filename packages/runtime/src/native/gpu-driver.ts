/** What can be found out about NVIDIA's driver without TensorFlow. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { BackendError } from '../backend-error.ts';

/** The driver's library, through which CUDA reaches GPUs. */
const driverLibrary = 'libcuda.so.1';

/** The oldest driver that runs the libraries of CUDA 12 (NVIDIA, CUDA compatibility, table 1). */
export const oldestDriver = '525.60.13';

/**
 * Setting this variable to `off` keeps TensorFlow on the CPU; `on` selects its build for GPUs even where no driver is
 * found.
 */
export const gpuSwitch = 'DN_DETR_GPU';

/** A GPU as the driver reports it. */
export interface DriverGpu {
  name: string;
  memoryMiB: number;
  /** Memory in use by all processes. */
  usedMiB: number;
}

/** Additional folders in which containers and WSL have the driver, besides those that the loader lists. */
const folders = ['/usr/lib/x86_64-linux-gnu', '/usr/lib64', '/usr/lib/wsl/lib', '/usr/local/nvidia/lib64'];

/** Path of the driver's library; undefined if there is none. Changes nothing; takes less than a millisecond. */
export function findDriver(env: NodeJS.ProcessEnv = process.env): string | undefined {
  const own = (env.LD_LIBRARY_PATH ?? '').split(':').filter((folder) => folder !== '');
  const found = [...own, ...folders].map((folder) => path.join(folder, driverLibrary)).find((file) => existsSync(file));
  return found ?? loaderListed();
}

/** The path in the loader's cache, a file of names and paths that end in a zero byte. */
function loaderListed(): string | undefined {
  try {
    const [, file] = /\0(\/[^\0]*\/libcuda\.so\.1)\0/.exec(readFileSync('/etc/ld.so.cache', 'latin1')) ?? [];
    return file;
  } catch {
    return undefined;
  }
}

/**
 * Whether TensorFlow is to run on a GPU if it can.
 *
 * @throws BackendError for an unknown value of `DN_DETR_GPU`: one that was meant as `off` must not bring gigabytes
 */
export function wantsGpu(env: NodeJS.ProcessEnv = process.env): boolean {
  const setting = env[gpuSwitch] || undefined;
  if (setting === undefined) return findDriver(env) !== undefined;
  if (setting !== 'on' && setting !== 'off') {
    throw new BackendError(`unknown value ${gpuSwitch}=${setting}: expected on or off`);
  }
  return setting === 'on';
}

/** The driver and GPUs according to `nvidia-smi`, which comes with the driver; undefined if it does not run. */
export function askDriver(): { version: string; gpus: DriverGpu[] } | undefined {
  const query = ['--query-gpu=driver_version,memory.total,memory.used,name', '--format=csv,noheader,nounits'];
  try {
    const answer = execFileSync('nvidia-smi', query, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: 10_000,
    });
    const rows = answer
      .trim()
      .split('\n')
      .map((line) => line.split(', '));
    const gpus = rows.map(([, memory, used, ...name]) => ({
      name: name.join(', '),
      memoryMiB: Number(memory),
      usedMiB: Number(used),
    }));
    return { version: rows[0]?.[0] ?? '', gpus };
  } catch {
    return undefined;
  }
}

/** Whether a driver of this version can run the libraries. */
export function isNewEnough(version: string): boolean {
  const [own, oldest] = [version, oldestDriver].map((text) => text.split('.').map(Number)) as [number[], number[]];
  for (const [i, least] of oldest.entries()) {
    const part = own[i] ?? 0;
    if (part !== least) return part > least;
  }
  return true;
}
