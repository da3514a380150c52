import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StatisticsError } from './error.ts';
import { holm } from './holm.ts';

describe('holm', () => {
  // statsmodels 0.15.0: multipletests(p, method='holm')[1]
  it.each([
    [
      [0.01, 0.04, 0.03, 0.005],
      [0.03, 0.06, 0.06, 0.02],
    ],
    [
      [0.012, 0.5, 0.0004, 0.03, 0.03, 0.9],
      [0.06, 1, 0.0024, 0.12, 0.12, 1],
    ],
    [[0.04], [0.04]],
    [[], []],
  ])('agrees with statsmodels for %j', (given, adjusted) => {
    const found = holm(given);
    expect(found.length).toBe(adjusted.length);
    adjusted.forEach((p, i) => {
      expect(found[i]).toBeCloseTo(p, 14);
    });
  });

  it('keeps the order of evidence, between the p-value itself and Bonferroni', () => {
    const pValues = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(pValues, (given) => {
        const found = holm(given);
        given.forEach((p, i) => {
          expect(found[i]).toBeGreaterThanOrEqual(p);
          expect(found[i]).toBeLessThanOrEqual(Math.min(1, p * given.length));
          given.forEach((q, j) => {
            if (p <= q) expect(found[i]).toBeLessThanOrEqual(found[j] as number);
          });
        });
      }),
    );
  });

  it.each([Number.NaN, -0.1, 1.1])('rejects %s', (p) => {
    expect(() => holm([0.5, p])).toThrow(StatisticsError);
    expect(() => holm([0.5, p])).toThrow(`p-value 1 is ${p}: expected a number in 0..1`);
  });
});
