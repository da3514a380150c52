import { afterEach, beforeEach, expect, it } from 'vitest';
import { type GpuOptions, setGpuVariables } from './gpu-variables.ts';

const names = ['NVIDIA_TF32_OVERRIDE', 'TF_DETERMINISTIC_OPS', 'TF_CUDNN_DETERMINISTIC', 'TF_FORCE_GPU_ALLOW_GROWTH'];
let before: NodeJS.ProcessEnv;

beforeEach(() => {
  before = { ...process.env };
  for (const name of names) delete process.env[name];
});
afterEach(() => {
  process.env = before;
});

const found = (): (string | undefined)[] => names.map((name) => process.env[name]);

it.each<[GpuOptions | undefined, (string | undefined)[]]>([
  [undefined, ['0', undefined, undefined, 'true']],
  [{ tf32: false, deterministic: false }, ['0', undefined, undefined, 'true']],
  [{ tf32: true }, [undefined, undefined, undefined, 'true']],
  [{ deterministic: true }, ['0', '1', '1', 'true']],
])('%j', (options, expected) => {
  setGpuVariables(options);
  expect(found()).toEqual(expected);
});

it('lets options override the environment, except where the results do not depend on it', () => {
  for (const name of names) process.env[name] = '1';
  setGpuVariables({ tf32: true });
  expect(found()).toEqual([undefined, undefined, undefined, '1']);
});
