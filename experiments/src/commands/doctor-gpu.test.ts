import type { BackendChoice } from '@dn-detr/runtime';
import { expect, it } from 'vitest';
import { gpuFinding, type SeenGpus } from './doctor-gpu.ts';

const cpu = { name: '/device:CPU:0', type: 'CPU', memory: 2 ** 28 };
const gpu = { name: '/device:GPU:0', type: 'GPU', memory: 78 * 2 ** 30 };
const onGpu = { version: '2.21.0', source: '', cuda: true, gpu: true, devices: [cpu, gpu], ops: { names: [] } };
const onCpu = { ...onGpu, gpu: false, devices: [cpu] };
const cpuBuild = { ...onCpu, cuda: false };

const driver = { version: '580.65.06', gpus: [{ name: 'NVIDIA H100 80GB HBM3', memoryMiB: 81_559, usedMiB: 512 }] };
const library = '/usr/lib/x86_64-linux-gnu/libcuda.so.1';
const seen: SeenGpus = { library, driver, missing: undefined, setting: undefined };

const found = (tensorflow: BackendChoice['tensorflow'], changes: Partial<SeenGpus> = {}): string => {
  const choice = { name: tensorflow ? ('tensorflow' as const) : ('wasm' as const), reason: '' };
  const { value, ok, verdict } = gpuFinding({ ...choice, ...(tensorflow && { tensorflow }) }, { ...seen, ...changes });
  return `${ok ? 'ok' : '!!'} ${value}: ${verdict}`;
};

const h100 = 'NVIDIA H100 80GB HBM3 (79.6 GiB, 0.5 GiB in use), driver 580.65.06';
const missing = 'cudnn: nothing provisioned yet';
const old = { ...driver, version: '470.256.02' };
const unknown = { ...driver, gpus: [{ name: 'GB10', memoryMiB: Number.NaN, usedMiB: Number.NaN }] };

it.each([
  ['a GPU in use', found(onGpu), `ok ${h100}: steps run on the first of what TensorFlow has: GPU:0 with 78.0 GiB`],
  ['no nvidia-smi', found(onGpu, { driver: undefined }), 'ok driver found: steps run on the first'],
  ['memory without a number', found(onGpu, { driver: unknown }), 'ok GB10, driver 580.65.06: steps run on the first'],
  [
    'no driver',
    found(cpuBuild, { library: undefined, driver: undefined, missing }),
    'ok none: no NVIDIA driver is installed: steps run on the CPU; an NVIDIA GPU needs its driver, 525.60.13 or later',
  ],
  ['switched off', found(onCpu, { setting: 'off' }), `ok ${h100}: switched off (DN_DETR_GPU=off)`],
  [
    'an old driver',
    found({ ...onCpu, gpuFailure: 'cudaGetDevice() failed' }, { driver: old }),
    '!! NVIDIA H100 80GB HBM3 (79.6 GiB, 0.5 GiB in use), driver 470.256.02: the driver is too old for CUDA 12: install 525.60.13',
  ],
  [
    'the CPU build',
    found(cpuBuild, { missing }),
    `!! ${h100}: TensorFlow for NVIDIA GPUs is not set up: run npm run setup -- --gpu (cudnn: nothing provisioned yet)`,
  ],
  ['no TensorFlow', found(undefined, { missing }), `!! ${h100}: TensorFlow for NVIDIA GPUs is not set up: run npm run`],
  [
    'another backend',
    found(undefined),
    `!! ${h100}: TensorFlow for NVIDIA GPUs is set up, but tensors run on wasm without it`,
  ],
  [
    'a GPU that stays hidden',
    found(onCpu),
    `!! ${h100}: TensorFlow does not start on a GPU: it finds no GPU through ${library}; TF_CPP_MIN_LOG_LEVEL=0`,
  ],
  [
    'a driver that is not loaded',
    found({ ...onCpu, gpuFailure: 'no device' }, { driver: undefined }),
    '!! driver found: TensorFlow does not start on a GPU: no device; nvidia-smi does not run either',
  ],
])('%s', (_, words, expected) => {
  expect(words.slice(0, expected.length)).toBe(expected);
});
