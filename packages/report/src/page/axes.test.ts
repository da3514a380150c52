import { describe, expect, it } from 'vitest';
import type { CurvePoint } from '../summary/summary.ts';
import { stepsAnEpoch } from './axes.ts';

const at = (perEpoch: number, ...steps: number[]) =>
  steps.map((step) => ({ step, epoch: Math.round((1000 * step) / perEpoch) / 1000 }) as CurvePoint);

describe('the steps of an epoch', () => {
  it.each([63, 62.5, 1, 7393])('are %d, although epochs are rounded', (steps) => {
    expect(stepsAnEpoch(at(steps, 20, 40, 300_000))).toBeCloseTo(steps, 1);
    expect(stepsAnEpoch(at(63, 20))).toBe(63);
  });

  it('are undefined if they differ between models, and before the first epoch', () => {
    expect(stepsAnEpoch([...at(63, 200), ...at(62, 200)])).toBeUndefined();
    expect(stepsAnEpoch([])).toBeUndefined();
    expect(stepsAnEpoch(at(1e6, 20))).toBeUndefined();
  });
});
