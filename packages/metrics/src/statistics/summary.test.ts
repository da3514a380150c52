import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StatisticsError } from './error.ts';
import { seedSummary } from './summary.ts';

describe('seedSummary', () => {
  // numpy's mean and std(ddof=1); scipy 1.17.1: t.interval(level, n - 1, mean, sem(values))
  it.each([
    [[0.31, 0.187, 0.254], 0.95, 0.25033333333333335, 0.06158192375472963, 0.097355354172076, 0.40331131249459073],
    [[0.31, 0.187, 0.254], 0.99, 0.25033333333333335, 0.06158192375472963, -0.10253791882956947, 0.6032045854962362],
    [[0.31, 0.187], 0.95, 0.2485, 0.08697413408594534, -0.5329315912747437, 1.0299315912747435],
    [
      [0.41, 0.38, 0.44, 0.39, 0.43, 0.37, 0.4, 0.42, 0.36, 0.45],
      0.95,
      0.405,
      0.03027650354097492,
      0.3833414941033183,
      0.42665850589668164,
    ],
  ])('has the mean, standard deviation and interval of scipy: %j at %s', (values, level, mean, sd, low, high) => {
    const found = seedSummary(values, { level });
    expect(found.n).toBe(values.length);
    expect(found.mean).toBeCloseTo(mean, 14);
    expect(found.sd).toBeCloseTo(sd, 14);
    expect(found.interval?.low).toBeCloseTo(low, 12);
    expect(found.interval?.high).toBeCloseTo(high, 12);
    expect(found.interval).toMatchObject({ level });
    expect(found.note).toBeUndefined();
  });

  it('says why one seed, or equal seeds, have no interval', () => {
    expect(seedSummary([0.31])).toEqual({
      n: 1,
      mean: 0.31,
      note: 'one seed: a standard deviation and an interval need at least 2',
    });
    // 0.1 + 0.2 is not 0.3 in floating point.
    expect(seedSummary([0.1 + 0.2, 0.3, 0.3])).toMatchObject({
      n: 3,
      sd: 0,
      note: 'all 3 values are equal: without spread there is no interval',
    });
    expect(seedSummary([0, 0])).not.toHaveProperty('interval');
  });

  it.each<[string, readonly number[], number, string]>([
    ['no values', [], 0.95, 'no values: expected one for each seed'],
    ['NaN', [0.2, Number.NaN], 0.95, 'value 1 is NaN: expected a finite number; has the run diverged'],
    ['infinity', [Number.POSITIVE_INFINITY], 0.95, 'value 0 is Infinity: expected a finite number'],
    ['null from JSON', [0.1, null as never], 0.95, 'value 1 is null: expected a finite number'],
    ["pycocotools' -1", [0.1, -1], 0.95, 'value 1 is -1, which marks an undefined AP'],
    ['a level in per cent', [0.1, 0.2], 95, 'level is 95: expected a number between 0 and 1, such as 0.95 for 95 %'],
  ])('rejects %s', (_, values, level, message) => {
    expect(() => seedSummary(values, { level })).toThrow(StatisticsError);
    expect(() => seedSummary(values, { level })).toThrow(message);
  });

  it('follows a change of unit and of origin', () => {
    const values = fc.array(fc.double({ min: 0.1, max: 0.9, noNaN: true }), { minLength: 2, maxLength: 12 });
    fc.assert(
      fc.property(values, fc.constantFrom(0.01, 2, 100), fc.constantFrom(0, 1, 10), (ap, unit, origin) => {
        const before = seedSummary(ap);
        fc.pre((before.sd ?? 0) > 1e-6);
        const after = seedSummary(ap.map((value) => unit * value + origin));
        expect(after.mean).toBeCloseTo(unit * before.mean + origin, 9);
        expect(after.sd).toBeCloseTo(unit * (before.sd as number), 9);
        expect(after.interval?.low).toBeCloseTo(unit * (before.interval?.low as number) + origin, 9);
        expect(after.interval?.high).toBeCloseTo(unit * (before.interval?.high as number) + origin, 9);
      }),
    );
  });
});
