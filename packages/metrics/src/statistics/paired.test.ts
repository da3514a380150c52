import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StatisticsError } from './error.ts';
import { pairedComparison } from './paired.ts';
import type { SeedValue } from './seeds.ts';

const runs = (...values: readonly number[]): SeedValue[] => values.map((value, seed) => ({ seed, value }));

describe('pairedComparison', () => {
  // scipy 1.17.1: r = ttest_rel(a, b); r.pvalue, r.confidence_interval(0.95); numpy: std(a - b, ddof=1)
  it.each([
    [
      [0.31, 0.187, 0.254],
      [0.025, 0.023, 0.031],
      { sd: 0.06050619802962336, p: 0.02346828485329703, low: 0.07369427167997908, high: 0.37430572832002085 },
    ],
    [
      [0.392, 0.437],
      [0.319, 0.367],
      { sd: 0.0021213203435596446, p: 0.013353700716134674, low: 0.05244069289573795, high: 0.09055930710426206 },
    ],
    [
      [0.3, 0.28, 0.35, 0.31, 0.29],
      [0.29, 0.3, 0.3, 0.28, 0.27],
      { sd: 0.025884358211089545, p: 0.19492947275531977, low: -0.01413967570731988, high: 0.05013967570731987 },
    ],
  ])('agrees with the paired t-test of scipy: %j, %j', (a, b, { sd, p, low, high }) => {
    const found = pairedComparison(runs(...a), runs(...b));
    expect(found.n).toBe(a.length);
    expect(found.meanDifference).toBeCloseTo((low + high) / 2, 13);
    expect(found.sd).toBeCloseTo(sd, 13);
    expect(found.pValue).toBeCloseTo(p, 11);
    expect(found.interval?.low).toBeCloseTo(low, 11);
    expect(found.interval?.high).toBeCloseTo(high, 11);
    expect(found.claimsDifference).toBe(p < 0.05);
    expect(found.note).toBeUndefined();
  });

  it('claims less at a higher level', () => {
    const [a, b] = [runs(0.31, 0.187, 0.254), runs(0.025, 0.023, 0.031)];
    expect(pairedComparison(a, b, { level: 0.97 }).claimsDifference).toBe(true);
    expect(pairedComparison(a, b, { level: 0.98 }).claimsDifference).toBe(false);
  });

  it('pairs runs by seed, not by position', () => {
    const a = [
      { seed: 7, value: 0.5 },
      { seed: 1, value: 0.3 },
    ];
    const b = [
      { seed: 1, value: 0.2 },
      { seed: 7, value: 0.25 },
    ];
    expect(pairedComparison(a, b).differences).toEqual([
      { seed: 1, value: 0.3 - 0.2 },
      { seed: 7, value: 0.25 },
    ]);
  });

  it('shows the difference of one seed, but claims nothing', () => {
    expect(pairedComparison(runs(0.5), runs(0.25))).toEqual({
      n: 1,
      differences: [{ seed: 0, value: 0.25 }],
      meanDifference: 0.25,
      claimsDifference: false,
      unpaired: [],
      note: 'one seed: a difference without an interval proves nothing about other seeds; at least 2 are needed',
    });
  });

  it('claims nothing from differences that differ only by rounding', () => {
    const found = pairedComparison(runs(0.31, 0.32, 0.33), runs(0.3, 0.31, 0.32));
    expect(found).toMatchObject({ sd: 0, claimsDifference: false });
    expect(found.meanDifference).toBeCloseTo(0.01, 15);
    expect(found.note).toBe('all 3 differences are equal: without spread there is neither interval nor test');
    expect(found).not.toHaveProperty('interval');
    expect(found).not.toHaveProperty('pValue');
    expect(pairedComparison(runs(0.3, 0.6), runs(0.1 + 0.2, 0.6))).toMatchObject({ sd: 0, claimsDifference: false });
    expect(pairedComparison(runs(0, 0), runs(0, 0))).toMatchObject({ meanDifference: 0, claimsDifference: false });
  });

  it('rejects unpaired seeds, or leaves them out by name', () => {
    const [a, b] = [runs(0.3, 0.4, 0.6), [...runs(0.1, 0.3), { seed: 8, value: 0.2 }]];
    expect(() => pairedComparison(a, b)).toThrow(
      'both models need the same seeds; unpaired: 2 (missing in the second model), 8 (missing in the first model)',
    );
    const found = pairedComparison(a, b, { unpaired: 'leave-out' });
    expect(found).toMatchObject({ n: 2, unpaired: [2, 8] });
    expect(found.interval).toEqual(pairedComparison(a.slice(0, 2), b.slice(0, 2)).interval);
    expect(found.note).toBe('left out, as only one model has them: seeds 2, 8');
  });

  it.each<[string, readonly SeedValue[], readonly SeedValue[], string]>([
    ['NaN', runs(0.1, Number.NaN), runs(0.1, 0.2), 'seed 1 of the first model is NaN: expected a finite number'],
    ['infinity', runs(0.1), runs(Number.NEGATIVE_INFINITY), 'seed 0 of the second model is -Infinity'],
    ['an undefined AP', runs(0.1, 0.2), runs(0.1, -1), 'seed 1 of the second model is -1, which marks'],
    ['a seed given twice', [...runs(0.1), ...runs(0.2)], runs(0.1), 'the first model has seed 0 twice'],
    ['no runs', [], [], 'the two models have no seed in common: nothing to compare'],
  ])('rejects %s', (_, a, b, message) => {
    expect(() => pairedComparison(a, b)).toThrow(StatisticsError);
    expect(() => pairedComparison(a, b)).toThrow(message);
  });

  const ap = fc.double({ min: 0, max: 1, noNaN: true });
  const models = fc
    .uniqueArray(fc.tuple(fc.nat(1000), ap, ap), { selector: ([seed]) => seed, minLength: 1, maxLength: 12 })
    .map((rows) => ({
      a: rows.map(([seed, value]) => ({ seed, value })),
      b: rows.map(([seed, , value]) => ({ seed, value })),
    }));

  it('only changes its sign if the models are exchanged', () => {
    fc.assert(
      fc.property(models, ({ a, b }) => {
        const [there, back] = [pairedComparison(a, b), pairedComparison(b, a)];
        expect(back.meanDifference + there.meanDifference).toBe(0);
        expect([back.n, back.sd, back.pValue, back.claimsDifference]).toEqual([
          there.n,
          there.sd,
          there.pValue,
          there.claimsDifference,
        ]);
        if (there.interval === undefined) expect(back.interval).toBeUndefined();
        else {
          expect(back.interval?.low).toBeCloseTo(-there.interval.high, 12);
          expect(back.interval?.high).toBeCloseTo(-there.interval.low, 12);
        }
      }),
    );
  });

  it('does not depend on the order of runs', () => {
    fc.assert(
      fc.property(
        models.chain(({ a, b }) =>
          fc.record({
            a: fc.constant(a),
            b: fc.constant(b),
            shuffledA: fc.shuffledSubarray(a, { minLength: a.length }),
            shuffledB: fc.shuffledSubarray(b, { minLength: b.length }),
          }),
        ),
        ({ a, b, shuffledA, shuffledB }) => {
          expect(pairedComparison(shuffledA, shuffledB)).toEqual(pairedComparison(a, b));
        },
      ),
    );
  });

  it('does not depend on the unit, nor on an offset that both models share', () => {
    fc.assert(
      fc.property(models, fc.constantFrom(0.01, 3, 100), fc.constantFrom(0, 0.5), ({ a, b }, unit, origin) => {
        const before = pairedComparison(a, b);
        fc.pre((before.sd ?? 0) > 1e-6);
        const changed = (of: readonly SeedValue[]) =>
          of.map(({ seed, value }) => ({ seed, value: unit * value + origin }));
        const after = pairedComparison(changed(a), changed(b));
        expect(after.meanDifference).toBeCloseTo(unit * before.meanDifference, 9);
        expect(after.sd).toBeCloseTo(unit * (before.sd as number), 9);
        expect(after.pValue).toBeCloseTo(before.pValue as number, 6);
      }),
    );
  });
});
