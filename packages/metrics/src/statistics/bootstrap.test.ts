import { describe, expect, it } from 'vitest';
import { bcaInterval } from './bootstrap.ts';
import { StatisticsError } from './error.ts';
import { seedSummary } from './summary.ts';

const skewed = [0.021, 0.034, -0.004, 0.012, 0.051, 0.008, 0.017, 0.09, 0.003, 0.026];

describe('bcaInterval', () => {
  // scipy 1.17.1: bootstrap((x,), mean, method='BCa', n_resamples=1000000, batch=20000, confidence_level=level,
  // rng=default_rng(1)).confidence_interval; other seeds differ by 1e-4
  it.each([
    [0.95, 0.0135, 0.0483],
    [0.9, 0.0151, 0.0441],
  ])("is scipy's, within the error of its draws, at %s", (level, low, high) => {
    const found = bcaInterval(skewed, { level, resamples: 100_000 });
    expect(found).toMatchObject({ level, method: 'bca' });
    expect(Math.abs(found.low - low)).toBeLessThan(3e-4);
    expect(Math.abs(found.high - high)).toBeLessThan(5e-4);
    // The skew counts: Student's t interval lies otherwise.
    const t = seedSummary(skewed, { level }).interval;
    expect(t?.low).toBeLessThan(low - 0.005);
  });

  it('counts resamples at the mean as half below, in whichever order they were added up', () => {
    const values = [0.25, 0.25, 0.25, 0.25, 0.25, 0.25, 0.5, 0.5, 0.5, 1];
    // scipy 1.17.1, as above: (0.3, 0.625); with ties all above or all below it would be (0.275, 0.575), (0.325, 0.65).
    for (const unit of [1, 0.3, 1.3]) {
      const { low, high } = bcaInterval(values.map((value) => unit * value));
      expect(low / unit).toBeCloseTo(0.3, 12);
      expect(high / unit).toBeCloseTo(0.625, 12);
    }
  });

  it('gives equal values equal bounds, and takes another source of chance', () => {
    expect(bcaInterval(skewed)).toEqual(bcaInterval(skewed));
    const backwards = bcaInterval(skewed.map((value) => -value));
    expect(Math.abs(backwards.low + bcaInterval(skewed).high)).toBeLessThan(1e-3);
    let state = 1;
    const random = () => {
      state = (state * 48_271) % 2_147_483_647;
      return state / 2_147_483_647;
    };
    const other = bcaInterval(skewed, { random });
    expect(other).not.toEqual(bcaInterval(skewed));
    expect(Math.abs(other.high - bcaInterval(skewed).high)).toBeLessThan(2e-3);
  });

  it.each<[string, readonly number[], object, string]>([
    ['9 values', skewed.slice(1), {}, 'a bootstrap interval needs at least 10 values, got 9'],
    ['equal values', skewed.map(() => 0.1), {}, 'all 10 values are equal'],
    ['NaN', [...skewed, Number.NaN], {}, 'value 10 is NaN'],
    ['a level in per cent', skewed, { level: 95 }, 'level is 95'],
    ['few resamples', skewed, { resamples: 100 }, 'resamples is 100: expected a whole number from 1000 on'],
  ])('refuses %s', (_, values, options, message) => {
    expect(() => bcaInterval(values, options)).toThrow(StatisticsError);
    expect(() => bcaInterval(values, options)).toThrow(message);
  });
});
