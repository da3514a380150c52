import { mkdtempSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { findDriver, isNewEnough, wantsGpu } from './gpu-driver.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'dn-detr-driver-'));
const library = path.join(folder, 'libcuda.so.1');
writeFileSync(library, '');
const beside = { LD_LIBRARY_PATH: `/nowhere::${folder}` };

it('finds the driver where LD_LIBRARY_PATH leads', () => {
  expect(findDriver(beside)).toBe(library);
});

it('wants a GPU beside a driver, or as DN_DETR_GPU says', () => {
  expect(wantsGpu(beside)).toBe(true);
  expect(wantsGpu({ ...beside, DN_DETR_GPU: '' })).toBe(true);
  expect(wantsGpu({ ...beside, DN_DETR_GPU: 'off' })).toBe(false);
  expect(wantsGpu({ DN_DETR_GPU: 'on' })).toBe(true);
  expect(() => wantsGpu({ ...beside, DN_DETR_GPU: '0' })).toThrow('unknown value DN_DETR_GPU=0: expected on or off');
});

it.each([
  ['525.60.13', true],
  ['525.60.2', false],
  ['525.125.06', true],
  ['470.256.02', false],
  ['580.65', true],
])('driver %s runs CUDA 12: %s', (version, expected) => {
  expect(isNewEnough(version)).toBe(expected);
});
