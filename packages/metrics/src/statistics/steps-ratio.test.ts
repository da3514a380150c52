import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StatisticsError } from './error.ts';
import { type SeedCurve, stepsRatio } from './steps-ratio.ts';

const steps = [0, 100, 200, 300, 400];
const run = (seed: number, ...values: readonly number[]): SeedCurve => ({
  seed,
  curve: values.map((value, i) => ({ step: steps[i] as number, value })),
});

/** Rises evenly by `rate` per 100 steps. */
const line = (seed: number, rate: number) => run(seed, ...steps.map((step) => (rate * step) / 100));

describe('stepsRatio', () => {
  it("is how much sooner a model has its baseline's final value", () => {
    const found = stepsRatio([line(0, 0.2), line(1, 0.4)], [line(0, 0.1), line(1, 0.1)]);
    expect(found.seeds).toEqual([
      { seed: 0, target: 0.4, steps: 200, baselineSteps: 400, ratio: 0.5, bound: 'exact' },
      { seed: 1, target: 0.4, steps: 100, baselineSteps: 400, ratio: 0.25, bound: 'exact' },
    ]);
    expect(found).toMatchObject({ n: 2, bound: 'exact', unpaired: [] });
    // The geometric mean: half of it in one seed and twice it in another cancel out.
    expect(found.ratio).toBeCloseTo(Math.SQRT1_2 / 2, 12);
    // scipy 1.17.1: exp(t.interval(0.95, 1, mean(log(r)), sem(log(r)))) of r = [0.5, 0.25]
    expect(found.interval?.low).toBeCloseTo(0.00432494539077517, 12);
    expect(found.interval?.high).toBeCloseTo(28.902099033809055, 9);
    expect(found.note).toBeUndefined();
  });

  it('counts the steps of a baseline to its first time at the target, not to its end', () => {
    const [model, baseline] = [[run(0, 0, 0.1, 0.2, 0.3, 0.4)], [run(0, 0, 0.1, 0.2, 0.2, 0.2)]];
    expect(stepsRatio(model, baseline)).toMatchObject({ ratio: 1, note: 'one seed: an interval needs at least 2' });
  });

  it('takes another target, and curves that must stay there', () => {
    const [model, baseline] = [[run(0, 0, 0.3, 0.1, 0.5, 0.6)], [line(0, 0.1)]];
    expect(stepsRatio(model, baseline, { target: 0.3 }).ratio).toBeCloseTo(1 / 3, 12);
    expect(stepsRatio(model, baseline, { target: 0.3, stays: true }).ratio).toBeCloseTo(250 / 300, 12);
  });

  it('keeps a seed that never gets there, as a bound', () => {
    const found = stepsRatio([line(0, 0.2), line(1, 0.05)], [line(0, 0.1), line(1, 0.1)]);
    expect(found.seeds[1]).toEqual({ seed: 1, target: 0.4, baselineSteps: 400, ratio: 1, bound: 'at least' });
    expect(found).toMatchObject({ n: 2, bound: 'at least' });
    expect(found.ratio).toBeCloseTo(Math.SQRT1_2, 12);
    expect(found).not.toHaveProperty('interval');
    expect(found.note).toBe(
      'seed 1: the first model did not reach 0.4 within its 400 steps; the mean ratio is a bound (at least): there is no interval',
    );
  });

  it('has an upper bound where the baseline never gets there, or the model was there from its first evaluation', () => {
    const slow = stepsRatio([line(0, 0.2)], [line(0, 0.1)], { target: 0.6 });
    expect(slow.seeds).toEqual([{ seed: 0, target: 0.6, steps: 300, ratio: 0.75, bound: 'at most' }]);
    const late = { seed: 0, curve: line(0, 0.4).curve.slice(1) };
    const found = stepsRatio([late], [line(0, 0.1)], { target: 0.3 });
    expect(found).toMatchObject({ bound: 'at most', ratio: 1 / 3 });
    expect(found.note).toContain('seed 0: the first model had reached 0.3 by its first evaluation, at step 100');
  });

  it('says nothing where nothing is known', () => {
    const never = stepsRatio([line(0, 0.1)], [line(0, 0.1)], { target: 0.9 });
    expect(never).toMatchObject({ bound: 'unknown', seeds: [{ seed: 0, target: 0.9, bound: 'unknown' }] });
    expect(never).not.toHaveProperty('ratio');
    expect(never.note).toContain('the first model did not reach 0.9 within its 400 steps');
    expect(never.note).toContain('the second model did not reach 0.9 within its 400 steps');
    // A baseline that ends at 0 had that at step 0, as everyone.
    const zero = stepsRatio([line(0, 0.2)], [line(0, 0)]);
    expect(zero).toMatchObject({ bound: 'unknown', seeds: [{ steps: 0, baselineSteps: 0, bound: 'unknown' }] });
    // A model with trained weights has it at step 0.
    const trained = stepsRatio([run(0, 0.5, 0.6, 0.6)], [line(0, 0.1)]);
    expect(trained.seeds).toEqual([{ seed: 0, target: 0.4, steps: 0, baselineSteps: 400, bound: 'unknown' }]);
    expect(trained.note).toBe('seed 0: the first model had reached 0.4 by its first evaluation, at step 0');
    // A lower and an upper bound.
    const mixed = stepsRatio([line(0, 0.05), line(1, 0.2)], [line(0, 0.1), line(1, 0.05)], { target: 0.3 });
    expect(mixed.seeds.map(({ bound }) => bound)).toEqual(['at least', 'at most']);
    expect(mixed).toMatchObject({ bound: 'unknown' });
  });

  it('leaves unpaired seeds out by name, or refuses them', () => {
    const [model, baseline] = [[line(0, 0.2), line(3, 0.2)], [line(0, 0.1)]];
    expect(() => stepsRatio(model, baseline)).toThrow('unpaired: 3 (missing in the second model)');
    const found = stepsRatio(model, baseline, { unpaired: 'leave-out' });
    expect(found).toMatchObject({ n: 1, unpaired: [3] });
    expect(found.note).toContain('left out, as only one model has them: seeds 3');
  });

  it('names the curve that cannot be used', () => {
    const wrong = () => stepsRatio([line(0, 0.2)], [run(0, 0.1, Number.NaN)]);
    expect(wrong).toThrow(StatisticsError);
    expect(wrong).toThrow('step 100 of the curve of seed 0 of the second model is NaN');
  });

  const rates = fc.array(
    fc.tuple(fc.double({ min: 0.01, max: 1, noNaN: true }), fc.double({ min: 0.01, max: 1, noNaN: true })),
    {
      minLength: 2,
      maxLength: 8,
    },
  );

  it('turns into its inverse where the models change places, if both reach the target', () => {
    fc.assert(
      fc.property(rates, (of) => {
        const [a, b] = [of.map(([rate], seed) => line(seed, rate)), of.map(([, rate], seed) => line(seed, rate))];
        const there = stepsRatio(a, b, { target: 'lower-final' });
        const back = stepsRatio(b, a, { target: 'lower-final' });
        expect(there.bound).toBe('exact');
        expect((there.ratio as number) * (back.ratio as number)).toBeCloseTo(1, 9);
        of.forEach(([rate, baselineRate], seed) => {
          expect(there.seeds[seed]?.ratio).toBeCloseTo(baselineRate / rate, 9);
        });
        const { interval } = there;
        if (interval === undefined) return;
        expect(interval.low).toBeLessThan(there.ratio as number);
        expect(interval.high).toBeGreaterThan(there.ratio as number);
      }),
    );
  });

  it('claims hardly a difference of equal models that may end at any height', () => {
    let state = 1;
    const uniform = () => {
      state = (state * 48_271) % 2_147_483_647;
      return state / 2_147_483_647;
    };
    const normal = () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
    const curve = () => {
      const [end, time] = [0.3 + 0.02 * normal(), 800 * Math.exp(0.15 * normal())];
      return Array.from({ length: 12 }, (_, i) => {
        const step = 200 * (i + 1);
        return { step, value: Math.max(0, end * (1 - Math.exp(-step / time)) + 0.01 * normal()) };
      });
    };
    const model = (n: number) => Array.from({ length: n }, (_, seed) => ({ seed, curve: curve() }));
    const claims = { 'baseline-final': 0, 'lower-final': 0 };
    const logs: number[] = [];
    for (let study = 0; study < 1000; study++) {
      const [one, other] = [model(5), model(5)];
      for (const target of ['baseline-final', 'lower-final'] as const) {
        const { interval, ratio, bound } = stepsRatio(one, other, { target });
        if (interval !== undefined && (interval.low > 1 || interval.high < 1)) claims[target]++;
        if (target === 'lower-final' && bound === 'exact') logs.push(Math.log(ratio as number));
      }
    }
    // 1.7 and 5.1 % of many more.
    expect(claims['baseline-final']).toBeLessThan(50);
    expect(claims['lower-final']).toBeGreaterThan(20);
    expect(claims['lower-final']).toBeLessThan(80);
    expect(Math.abs(logs.reduce((sum, log) => sum + log, 0) / logs.length)).toBeLessThan(0.03);
  });
});
