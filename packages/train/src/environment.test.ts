import { expect, it } from 'vitest';
import { type Environment, environmentOf, otherNativeOps } from './environment.ts';

const tensorflow = { version: '2.21.0', source: 'the wheel', gpu: false };
const withOps = (...names: string[]): Environment =>
  environmentOf({ name: 'tensorflow', reason: '', tensorflow: { ...tensorflow, ops: { names } } });

it('names the native ops there are', () => {
  expect(withOps('DnA').nativeOps).toEqual(['DnA']);
  expect(environmentOf({ name: 'wasm', reason: '' }).nativeOps).toEqual([]);
});

it('says when a run goes on with other native ops', () => {
  expect(otherNativeOps(withOps('DnA', 'DnB'), withOps('DnB', 'DnA'))).toBeUndefined();
  expect(otherNativeOps(withOps('DnA'), withOps())).toMatch(
    /started with DnA and goes on with no native ops\. If its model/,
  );
  expect(otherNativeOps(withOps(), withOps('DnA', 'DnB'))).toMatch(/with no native ops and goes on with DnA, DnB\./);
  const { nativeOps, ...older } = withOps();
  expect(nativeOps).toEqual([]);
  expect(otherNativeOps(older, withOps('DnA'))).toBeUndefined();
});
