/** GPU findings of `doctor`: whether steps run on an NVIDIA GPU, and otherwise what is missing and how to get it. */
import {
  askDriver,
  type BackendChoice,
  findDriver,
  gpuSwitch,
  isNewEnough,
  oldestDriver,
  whyNoCuda,
} from '@dn-detr/runtime';
import type { Finding } from './doctor-finding.ts';

/** Information about GPUs that is available without TensorFlow. */
export interface SeenGpus {
  /** Path of the driver's library; undefined if there is none. */
  readonly library: string | undefined;
  /** The answer of `nvidia-smi`; undefined if it does not run. */
  readonly driver: ReturnType<typeof askDriver>;
  /** Why TensorFlow's build for GPUs cannot be loaded; undefined where it can. */
  readonly missing: string | undefined;
  /** The value of `DN_DETR_GPU`. */
  readonly setting: string | undefined;
}

export const seeGpus = async (): Promise<SeenGpus> => ({
  library: findDriver(),
  driver: askDriver(),
  missing: await whyNoCuda(),
  setting: process.env[gpuSwitch],
});

export function gpuFinding({ name: backend, tensorflow }: BackendChoice, seen: SeenGpus): Finding {
  const { library, driver, missing, setting } = seen;
  const finding = (ok: boolean, verdict: string): Finding => ({ name: 'GPU', value: gpusInWords(seen), ok, verdict });
  if (tensorflow?.gpu) {
    const gpus = tensorflow.devices
      .filter(({ type }) => type === 'GPU')
      .map(({ name, memory }) => `${name.replace(/.*device:/, '')} with ${gibibytes(memory)}`);
    return finding(true, `steps run on the first of what TensorFlow has: ${gpus.join(', ')}`);
  }
  if (library === undefined) {
    const fix = `an NVIDIA GPU needs its driver, ${oldestDriver} or later`;
    return finding(true, `no NVIDIA driver is installed: steps run on the CPU; ${fix}`);
  }
  if (setting === 'off') return finding(true, `switched off (${gpuSwitch}=off): steps run on the CPU`);
  if (driver !== undefined && !isNewEnough(driver.version)) {
    return finding(false, `the driver is too old for CUDA 12: install ${oldestDriver} or a later one`);
  }
  if (missing !== undefined) {
    return finding(false, `TensorFlow for NVIDIA GPUs is not set up: run npm run setup -- --gpu (${missing})`);
  }
  if (!tensorflow?.cuda) {
    return finding(false, `TensorFlow for NVIDIA GPUs is set up, but tensors run on ${backend} without it`);
  }
  const failure = tensorflow.gpuFailure ?? `it finds no GPU through ${library}`;
  const advice =
    driver === undefined
      ? 'nvidia-smi does not run either: is the driver loaded, and has the container been given the GPU?'
      : 'TF_CPP_MIN_LOG_LEVEL=0 npm start -- doctor shows more, and CUDA_VISIBLE_DEVICES may hide GPUs';
  return finding(false, `TensorFlow does not start on a GPU: ${failure}; ${advice}`);
}

/** Each GPU with its memory, and the driver's version. */
function gpusInWords({ library, driver }: SeenGpus): string {
  if (driver === undefined) return library === undefined ? 'none' : 'driver found';
  // Where a GPU shares the host's memory, the driver gives no number.
  const gpus = driver.gpus.map(({ name, memoryMiB, usedMiB }) =>
    Number.isFinite(memoryMiB)
      ? `${name} (${gibibytes(memoryMiB * 2 ** 20)}, ${gibibytes(usedMiB * 2 ** 20)} in use)`
      : name,
  );
  return `${gpus.join(', ')}, driver ${driver.version}`;
}

const gibibytes = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GiB`;
