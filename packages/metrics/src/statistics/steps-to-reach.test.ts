import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StatisticsError } from './error.ts';
import { type Curve, stepsToReach } from './steps-to-reach.ts';

const curve: Curve = [
  { step: 100, value: 0.1 },
  { step: 200, value: 0.3 },
  { step: 300, value: 0.2 },
  { step: 500, value: 0.4 },
];

describe('stepsToReach', () => {
  it.each([
    [0.2, 150],
    [0.3, 200],
    [0.4, 500],
    [0.35, 450],
    [0.1, 100],
    [0.05, 100],
    [0.41, undefined],
  ])('is the first step that reaches %s, between evaluations', (target, step) => {
    if (step === undefined) expect(stepsToReach(curve, target)).toBeUndefined();
    else expect(stepsToReach(curve, target)).toBeCloseTo(step, 9);
  });

  it('is the step from which on a curve stays at the target, if requested', () => {
    expect(stepsToReach(curve, 0.25, { stays: true })).toBeCloseTo(350, 9);
    expect(stepsToReach(curve, 0.2, { stays: true })).toBeCloseTo(150, 9);
    expect(stepsToReach(curve, 0.05, { stays: true })).toBe(100);
    expect(stepsToReach(curve.slice(0, 3), 0.3, { stays: true })).toBeUndefined();
  });

  const curves = fc
    .array(fc.tuple(fc.integer({ min: 1, max: 100 }), fc.double({ min: 0, max: 1, noNaN: true })), { minLength: 1 })
    .map((rows) => {
      let step = 0;
      return rows.map(([gap, value]) => {
        step += gap;
        return { step, value };
      });
    });

  it('comes later for a higher target, and later still if the curve must stay there', () => {
    const ap = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(curves, ap, ap, (of, one, other) => {
        const [less, more] = [Math.min(one, other), Math.max(one, other)];
        const never = Number.POSITIVE_INFINITY;
        const first = stepsToReach(of, less) ?? never;
        expect(first).toBeLessThanOrEqual(stepsToReach(of, more) ?? never);
        expect(first).toBeLessThanOrEqual(stepsToReach(of, less, { stays: true }) ?? never);
      }),
    );
  });

  it.each<[string, Curve, number, string]>([
    ['no evaluation', [], 0.1, 'the curve is empty: expected at least one evaluation'],
    ['a step twice', [...curve, { step: 500, value: 0.5 }], 0.1, 'step 500; it follows 500: expected steps that rise'],
    ['a negative step', [{ step: -1, value: 0.5 }], 0.1, 'step -1; expected steps from 0 on'],
    ['NaN as a step', [{ step: Number.NaN, value: 0.5 }], 0.1, 'a step of the curve is NaN'],
    ['NaN', [{ step: 1, value: Number.NaN }], 0.1, 'step 1 of the curve is NaN: expected a finite number'],
    ['an undefined AP', [{ step: 1, value: -1 }], 0.1, 'step 1 of the curve is -1, which marks'],
    ['no target', curve, Number.NaN, 'target is NaN: expected a finite number'],
  ])('rejects %s', (_, of, target, message) => {
    expect(() => stepsToReach(of, target)).toThrow(StatisticsError);
    expect(() => stepsToReach(of, target)).toThrow(message);
  });
});
