/** The line of `doctor` about NVIDIA GPUs: whether steps run on one, or else what is missing and how to install it. */
import { type askDriver, type BackendChoice, gpuSwitch, isNewEnough, oldestDriver } from '@dn-detr/runtime';
import type { Finding } from './doctor-finding.ts';

/** Information about GPUs that is available without TensorFlow. */
export interface SeenGpus {
  /** Path of the driver's library; undefined if there is none. */
  readonly library: string | undefined;
  /** The answer of `nvidia-smi`; undefined if it does not run. */
  readonly driver: ReturnType<typeof askDriver>;
  /** The value of `DN_DETR_GPU`. */
  readonly setting: string | undefined;
}

export function gpuFinding({ tensorflow }: BackendChoice, { library, driver, setting }: SeenGpus): Finding {
  const finding = (value: string, ok: boolean, verdict: string): Finding => ({ name: 'GPU', value, ok, verdict });
  const seen = driver === undefined ? 'driver found' : driver.gpus.map(({ name }) => name).join(', ');
  if (tensorflow?.gpu) {
    const gpus = tensorflow.devices.filter(({ type }) => type === 'GPU');
    const memory = gpus.map((device) => `${(device.memory / 2 ** 30).toFixed(1)} GiB`).join(', ');
    const version = driver === undefined ? '' : `, driver ${driver.version}`;
    return finding(`${seen} (${memory} for TensorFlow)${version}`, true, 'steps run on the first GPU');
  }
  if (library === undefined) return finding('none', true, 'no NVIDIA driver is installed: steps run on the CPU');
  if (setting === 'off') return finding(seen, true, `switched off (${gpuSwitch}=off): steps run on the CPU`);
  if (driver !== undefined && !isNewEnough(driver.version)) {
    const verdict = `the driver ${driver.version} is too old for CUDA 12: install ${oldestDriver} or a later one`;
    return finding(seen, false, verdict);
  }
  if (!tensorflow?.cuda) {
    return finding(seen, false, 'TensorFlow for NVIDIA GPUs is not set up: run npm run setup -- --gpu');
  }
  return finding(
    seen,
    false,
    `TensorFlow finds no GPU through ${library}: TF_CPP_MIN_LOG_LEVEL=0 npm start -- doctor shows what it says; ` +
      'CUDA_VISIBLE_DEVICES may hide them',
  );
}
