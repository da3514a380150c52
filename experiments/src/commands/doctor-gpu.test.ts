import type { BackendChoice } from '@dn-detr/runtime';
import { expect, it } from 'vitest';
import { gpuFinding, type SeenGpus } from './doctor-gpu.ts';

const cpu = { name: '/device:CPU:0', type: 'CPU', memory: 2 ** 28 };
const gpu = { name: '/device:GPU:0', type: 'GPU', memory: 78 * 2 ** 30 };
const onGpu = { version: '2.21.0', source: '', cuda: true, gpu: true, devices: [cpu, gpu], ops: { names: [] } };
const onCpu = { ...onGpu, gpu: false, devices: [cpu] };
const cpuBuild = { ...onCpu, cuda: false };

const driver = { version: '580.65.06', gpus: [{ name: 'NVIDIA H100 80GB HBM3', memoryMiB: 81_559, usedMiB: 4 }] };
const library = '/usr/lib/x86_64-linux-gnu/libcuda.so.1';
const seen: SeenGpus = { library, driver, setting: undefined };

const found = (tensorflow: BackendChoice['tensorflow'], changes: Partial<SeenGpus> = {}): string => {
  const choice = { name: 'tensorflow' as const, reason: '', ...(tensorflow && { tensorflow }) };
  const { value, ok, verdict } = gpuFinding(choice, { ...seen, ...changes });
  return `${ok ? 'ok' : '!!'} ${value}: ${verdict}`;
};

it.each([
  ['a GPU in use', found(onGpu), 'ok NVIDIA H100 80GB HBM3 (78.0 GiB for TensorFlow), driver 580.65.06: steps run on'],
  ['no nvidia-smi', found(onGpu, { driver: undefined }), 'ok driver found (78.0 GiB for TensorFlow): steps run on'],
  ['no driver', found(cpuBuild, { library: undefined, driver: undefined }), 'ok none: no NVIDIA driver is installed'],
  ['switched off', found(onCpu, { setting: 'off' }), 'ok NVIDIA H100 80GB HBM3: switched off (DN_DETR_GPU=off)'],
  [
    'an old driver',
    found(onCpu, { driver: { ...driver, version: '470.256.02' } }),
    '!! NVIDIA H100 80GB HBM3: the driver 470.256.02 is too old for CUDA 12: install 525.60.13 or a later one',
  ],
  ['the CPU build', found(cpuBuild), '!! NVIDIA H100 80GB HBM3: TensorFlow for NVIDIA GPUs is not set up: run npm run'],
  [
    'no TensorFlow',
    found(undefined),
    '!! NVIDIA H100 80GB HBM3: TensorFlow for NVIDIA GPUs is not set up: run npm run',
  ],
  ['a GPU that stays hidden', found(onCpu), `!! NVIDIA H100 80GB HBM3: TensorFlow finds no GPU through ${library}`],
])('%s', (_, words, expected) => {
  expect(words.slice(0, expected.length)).toBe(expected);
});
