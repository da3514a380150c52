import type { GpuOptions } from '@dn-detr/runtime';
import { expect, it } from 'vitest';
import { type Environment, environmentOf, otherNativeOps } from './environment.ts';

const tensorflow = { version: '2.21.0', source: 'the wheel', cuda: false, gpu: false, devices: [] };
const withOps = (...names: string[]): Environment =>
  environmentOf({ name: 'tensorflow', reason: '', tensorflow: { ...tensorflow, ops: { names } } }, {});

it('names the available native ops', () => {
  expect(withOps('DnA').nativeOps).toEqual(['DnA']);
  expect(environmentOf({ name: 'wasm', reason: '' }, {}).nativeOps).toEqual([]);
});

it('says when a run is resumed with other native ops', () => {
  expect(otherNativeOps(withOps('DnA', 'DnB'), withOps('DnB', 'DnA'))).toBeUndefined();
  const without = otherNativeOps(withOps('DnA'), withOps());
  expect(without?.notice).toMatch(/the run used DnA and continues with no native ops\. If its model/);
  expect(without?.environment).toMatchObject({ nativeOps: ['DnA'], otherNativeOps: [[]] });
  const more = otherNativeOps(withOps(), withOps('DnA', 'DnB'));
  expect(more?.notice).toMatch(/used no native ops and continues with DnA, DnB\./);
  // The comparison is with the last process.
  const noted = without?.environment as Environment;
  expect(otherNativeOps(noted, withOps())).toBeUndefined();
  expect(otherNativeOps(noted, withOps('DnA'))?.environment.otherNativeOps).toEqual([[], ['DnA']]);
  const avx2 = environmentOf(
    {
      name: 'tensorflow',
      reason: '',
      tensorflow: { ...tensorflow, ops: { names: ['DnA'], instructionSet: 'avx2' } },
    },
    {},
  );
  expect(otherNativeOps({ ...avx2, nativeOps: ['DnA (avx512)'] }, avx2)?.notice).toMatch(
    /the run used DnA \(avx512\) and continues with DnA \(avx2\)\./,
  );
  // As earlier versions stored them.
  expect(otherNativeOps(withOps('DnA'), avx2)).toBeUndefined();
  const { nativeOps, ...older } = withOps();
  expect(nativeOps).toEqual([]);
  expect(otherNativeOps(older, withOps('DnA'))).toBeUndefined();
});

it('states the precision of a GPU, but not of a CPU', () => {
  const backendOf = (gpu: boolean, options: GpuOptions) =>
    environmentOf(
      { name: 'tensorflow', reason: '', tensorflow: { ...tensorflow, gpu, ops: { names: [], reason: 'none' } } },
      options,
    ).backend;
  expect(backendOf(true, { tf32: false, deterministic: true })).toBe('tensorflow 2.21.0 (GPU, float32, deterministic)');
  expect(backendOf(true, { tf32: true, deterministic: false })).toBe('tensorflow 2.21.0 (GPU, TF32)');
  expect(backendOf(false, { tf32: true, deterministic: true })).toBe('tensorflow 2.21.0');
});
