import { describe, expect, it } from 'vitest';
import type { CurvePoint, ModelSummary, SeedRun } from '../summary/summary.ts';
import { meanCurve, seedCurve } from './series.ts';

const point = (step: number, values: Partial<CurvePoint> = {}): CurvePoint => ({
  step,
  epoch: step / 10,
  seconds: step / 2,
  loss: 1,
  losses: {},
  AP: 0.1,
  AP50: 0.2,
  AP75: 0.05,
  instability: null,
  instabilityRaw: null,
  anchorDistance: null,
  ...values,
});

const run = (seed: number, curve: readonly CurvePoint[], status: SeedRun['status'] = 'done'): SeedRun => ({
  seed,
  folder: `m/seed-${seed}`,
  status,
  curve,
  peakMiB: 100,
  environment: 0,
  onPlateau: false,
});

const model = (...runs: SeedRun[]): ModelSummary => ({ name: 'm', settings: {}, parameters: 1, runs });

describe('seedCurve', () => {
  it('leaves out missing values', () => {
    const curve = [
      point(10, { AP: -1, loss: 0 }),
      point(20, { AP: 0.3, loss: Number.POSITIVE_INFINITY }),
      // The form in which JSON has a number that is not finite.
      point(30, { AP: 0.4, loss: null as unknown as number }),
    ];
    expect(seedCurve(run(0, curve), 'AP', 'step')).toEqual([
      { x: 20, y: 0.3 },
      { x: 30, y: 0.4 },
    ]);
    expect(seedCurve(run(0, curve), 'loss', 'step')).toEqual([]);
    expect(seedCurve(run(0, curve), 'instability', 'step')).toEqual([]);
  });
});

describe('meanCurve', () => {
  it('has the Student-t interval of the seeds', () => {
    const three = model(...[0.1, 0.2, 0.3].map((AP, seed) => run(seed, [point(10, { AP })])));
    const [mean] = meanCurve(three, 'AP', 'step');
    // t of 0.975 with 2 degrees of freedom is 4.302653, the standard deviation 0.1.
    const half = (4.302653 * 0.1) / Math.sqrt(3);
    expect(mean).toMatchObject({ x: 10, seeds: 3 });
    expect(mean?.y).toBeCloseTo(0.2, 12);
    expect(mean?.low).toBeCloseTo(0.2 - half, 6);
    expect(mean?.high).toBeCloseTo(0.2 + half, 6);
  });

  it('has no band for one or two seeds, or for equal seeds', () => {
    const one = run(0, [point(10)]);
    expect(meanCurve(model(one, run(1, [point(10, { AP50: 0.4 })])), 'AP50', 'step')[0]).not.toHaveProperty('low');
    expect(meanCurve(model(one), 'AP50', 'step')).toEqual([{ x: 10, y: 0.2, seeds: 1 }]);
    expect(meanCurve(model(one, { ...one, seed: 1 }), 'AP50', 'step')).toEqual([{ x: 10, y: 0.2, seeds: 2 }]);
    const equal = [1, 2, 3].map((seed) => ({ ...one, seed }));
    expect(meanCurve(model(...equal), 'AP50', 'step')[0]).not.toHaveProperty('low');
  });

  it('ends with its shortest run, and leaves out failed and stopped ones', () => {
    const long = run(0, [point(10), point(20), point(30)]);
    const short = run(1, [point(10, { AP: 0.3 }), point(20, { AP: 0.3 })]);
    const stopped = run(2, [point(10, { AP: 0.9 })], 'stopped');
    const failed = run(3, [point(10, { AP: 0.9 })], 'failed');
    const means = meanCurve(model(long, short, stopped, failed), 'AP', 'step');
    expect(means.map(({ x, y, seeds }) => [x, Number(y.toFixed(12)), seeds])).toEqual([
      [10, 0.2, 2],
      [20, 0.2, 2],
    ]);
  });

  it('averages the logarithm of losses', () => {
    const three = model(...[1, 10, 100].map((loss, seed) => run(seed, [point(10, { loss })])));
    const [mean] = meanCurve(three, 'loss', 'step');
    expect(mean?.y).toBeCloseTo(10, 9);
    expect(mean?.low).toBeGreaterThan(0);
    expect(Math.sqrt((mean?.low ?? 0) * (mean?.high ?? 0))).toBeCloseTo(10, 9);
  });

  it('interpolates at equal seconds between evaluations, where all runs have values', () => {
    const quick = run(0, [point(10, { seconds: 10, AP: 0 }), point(20, { seconds: 20, AP: 1 })]);
    const slow = run(1, [point(10, { seconds: 14, AP: 0 }), point(20, { seconds: 34, AP: 1 })]);
    const means = meanCurve(model(quick, slow), 'AP', 'seconds');
    expect(means[0]).toMatchObject({ x: 14, y: (0.4 + 0) / 2 });
    expect(means.at(-1)).toMatchObject({ x: 20, y: (1 + 0.3) / 2 });
  });

  it('is empty without values in common', () => {
    expect(meanCurve(model(), 'AP', 'step')).toEqual([]);
    expect(meanCurve(model(run(0, [])), 'AP', 'seconds')).toEqual([]);
    const apart = model(run(0, [point(10), point(20)]), run(1, [point(90), point(100)]));
    expect(meanCurve(apart, 'AP', 'step')).toEqual([]);
    expect(meanCurve(apart, 'AP', 'seconds')).toEqual([]);
  });
});
