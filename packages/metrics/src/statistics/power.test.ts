import { describe, expect, it } from 'vitest';
import { StatisticsError } from './error.ts';
import { pairedPower, seedsNeeded } from './power.ts';

describe('pairedPower', () => {
  // statsmodels 0.15.0: TTestPower().power(difference / sd, n, 1 - level); scipy 1.17.1 agrees: with c = t.ppf((1 +
  // level) / 2, n - 1) and nc = difference / sd * sqrt(n), nct.sf(c, n - 1, nc) + nct.cdf(-c, n - 1, nc)
  it.each([
    [2, 1, 0.95, 0.09280915505633609],
    [3, 1, 0.95, 0.1792553937765518],
    [3, 3, 0.95, 0.7452680070062836],
    [5, 1.5, 0.95, 0.7107026739256758],
    [5, 1.5, 0.8, 0.9537752264860903],
    [10, 1, 0.95, 0.8030968566327219],
    [10, 0, 0.95, 0.05],
    [50, 0.4, 0.95, 0.7917871892678123],
    [3, 50, 0.999, 0.9994453928320542],
    [2, 20, 0.999, 0.035437403628010185],
    [1000, 0.1, 0.95, 0.884789098890714],
  ])('agrees with statsmodels: n = %s, %s standard deviations, level %s', (n, effect, level, power) => {
    expect(pairedPower({ n, difference: effect, sd: 1, level })).toBeCloseTo(power, 8);
    expect(pairedPower({ n, difference: -0.02 * effect, sd: 0.02, level })).toBeCloseTo(power, 8);
  });

  it.each<[object, string]>([
    [{ n: 1 }, 'n is 1: expected a number of seeds, a whole number from 2 on'],
    [{ n: 2.5 }, 'n is 2.5'],
    [{ sd: 0 }, 'sd is 0: expected the standard deviation of the differences, above 0'],
    [{ sd: Number.NaN }, 'sd is NaN'],
    [{ difference: Number.POSITIVE_INFINITY }, 'difference is Infinity: expected a finite number'],
    [{ level: 1 }, 'level is 1: expected a number between 0 and 1'],
  ])('rejects %j', (wrong, message) => {
    const settings = { n: 3, difference: 1, sd: 1, ...wrong };
    expect(() => pairedPower(settings)).toThrow(StatisticsError);
    expect(() => pairedPower(settings)).toThrow(message);
  });
});

describe('seedsNeeded', () => {
  // statsmodels 0.15.0: ceil(TTestPower().solve_power(difference / sd, None, 0.05, power))
  it.each([
    [1, 0.8, 10],
    [2, 0.8, 5],
    [0.5, 0.8, 34],
    [0.5, 0.95, 54],
    [5, 0.8, 3],
    [0.02 / 0.03, 0.9, 26],
  ])('agrees with statsmodels: %s standard deviations, power %s', (effect, power, n) => {
    expect(seedsNeeded({ difference: effect, sd: 1, power })).toBe(n);
    expect(seedsNeeded({ difference: -effect, sd: 1, power })).toBe(n);
  });

  it('needs at least 2 seeds for differences far above the noise', () => {
    expect(seedsNeeded({ difference: 100, sd: 1 })).toBe(2);
  });

  it.each<[object, string]>([
    [{ difference: 0 }, 'a difference of 0 with a standard deviation of 1 needs more than a million seeds'],
    [{ sd: -1 }, 'sd is -1'],
    [{ power: 80 }, 'power is 80: expected a number between 0 and 1'],
  ])('rejects %j', (wrong, message) => {
    const settings = { difference: 1, sd: 1, ...wrong };
    expect(() => seedsNeeded(settings)).toThrow(StatisticsError);
    expect(() => seedsNeeded(settings)).toThrow(message);
  });
});
