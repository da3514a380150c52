/** The TensorFlow wheel on PyPI, of which only the C libraries and C headers are used. */
import path from 'node:path';
import type { Report } from '../wheel/report.ts';
import { unpackMembers } from '../wheel/unpack.ts';
import type { Wheel } from '../wheel/wheel.ts';
import { type CudaWheel, cudaWheels } from './cuda-wheels.ts';

/** A wheel of TensorFlow. */
export interface TensorFlowWheel extends Wheel {
  /** Size of the two unpacked libraries in bytes, for the progress bar. */
  unpackedBytes: number;
  /** NVIDIA's libraries, which it opens in addition to the driver's; absent for the CPU build, which opens none. */
  cuda?: readonly CudaWheel[];
}

/** The CPU build for Linux on x86-64. */
export const tensorflowCpu: TensorFlowWheel = {
  distribution: 'tensorflow-cpu',
  version: '2.21.0',
  platform: 'manylinux_2_27_x86_64',
  pythonVersion: '3.11',
  abi: 'cp311',
  sha256: '2b847d217b02ee7731ed91431daf3250daa0196c3c94614d23be27232e6e5b6c',
  bytes: 273_829_956,
  unpackedBytes: 853_308_936,
};

/** The build that can also run on NVIDIA GPUs; without one it runs on the CPU. */
export const tensorflowGpu: TensorFlowWheel = {
  ...tensorflowCpu,
  distribution: 'tensorflow',
  sha256: '9056fbc9ba04235810b71ae6cbd958a196e8804fb53bbcffbf3e23b56155f124',
  bytes: 572_440_367,
  unpackedBytes: 1_259_021_080,
  cuda: cudaWheels,
};

/** Libraries that the addon links against, named by their paths in the wheel's `tensorflow` folder. */
export const libraries = ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'] as const;

/** Folders of the headers that tensorflow/c/eager/c_api.h, tensorflow/c/kernels.h and the addon's sources include. */
const headerFolders = [
  'tensorflow/c/',
  'tensorflow/core/common_runtime/next_pluggable_device/c/',
  'tensorflow/core/platform/',
  'tsl/platform/',
  'xla/tsl/c/',
].map((folder) => `tensorflow/include/${folder}`);

/**
 * Unpacks the C libraries to `folder` and the headers to `folder/include`.
 *
 * @throws Error when a library is not in the wheel or an entry is damaged.
 */
export async function unpackWheel(wheel: TensorFlowWheel, file: string, folder: string, report: Report): Promise<void> {
  const progress = report.progress('unpacking TensorFlow', wheel.unpackedBytes);
  try {
    const found = await unpackMembers(file, (member) => destinationOf(member, folder), progress.update);
    const missing = libraries.filter((library) => !found.includes(`tensorflow/${library}`));
    if (missing.length > 0) throw new Error(`${path.basename(file)} contains no ${missing.join(', ')}`);
    progress.done();
  } finally {
    progress.stop();
  }
}

/** Destination of an entry of the wheel below `folder`; undefined for entries that are not needed. */
function destinationOf(entry: string, folder: string): string | undefined {
  if (libraries.some((library) => entry === `tensorflow/${library}`)) return path.join(folder, path.basename(entry));
  const isHeader = entry.endsWith('.h') && headerFolders.some((prefix) => entry.startsWith(prefix));
  return isHeader ? path.join(folder, entry.slice('tensorflow/'.length)) : undefined;
}
