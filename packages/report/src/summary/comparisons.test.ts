import { describe, expect, it } from 'vitest';
import { comparisons as comparisonsAt, pairsOf, stepsComparisons } from './comparisons.ts';
import type { CurvePoint, ModelSummary, SeedRun } from './summary.ts';

const curve = (AP50s: readonly number[], secondsPerStep = 0.1): CurvePoint[] =>
  AP50s.map((AP50, i) => {
    const step = 100 * (i + 1);
    const others = { losses: {}, instability: null, instabilityRaw: null, anchorDistance: null };
    return { step, epoch: i, seconds: step * secondsPerStep, loss: 1, AP: AP50 / 2, AP50, AP75: 0, ...others };
  });

const model = (name: string, curves: readonly CurvePoint[][], status: SeedRun['status'] = 'done'): ModelSummary => ({
  name,
  settings: {},
  parameters: 1,
  runs: curves.map((own, seed) => ({
    seed,
    folder: '',
    status,
    curve: own,
    peakMiB: 1,
    environment: 0,
    onPlateau: false,
  })),
});

const comparisons = (model: ModelSummary, baseline: ModelSummary) =>
  (['steps', 'seconds'] as const).flatMap((at) => comparisonsAt({ model, baseline }, at));

const fast = model('dn-detr', [curve([0.1, 0.3, 0.5]), curve([0.12, 0.33, 0.55])]);
const slow = model('dab-detr', [curve([0.02, 0.1, 0.2], 0.05), curve([0.03, 0.12, 0.22], 0.05)]);

describe('two models', () => {
  it('are compared at equal steps, and at the seconds of the fastest', () => {
    const found = comparisons(fast, slow);
    expect(found.map(({ metric, at }) => `${metric} ${at}`)).toEqual([
      'AP50 steps',
      'AP steps',
      'AP50 seconds',
      'AP seconds',
    ]);
    const [atSteps, , atSeconds] = found;
    expect(atSteps).toMatchObject({ atValue: 300, n: 2, mean: { model: 0.525 } });
    expect(atSteps?.mean.baseline).toBeCloseTo(0.21, 12);
    expect(atSteps?.meanDifference).toBeCloseTo(0.315, 12);
    // The slow model takes 0.05 s per step and 15 s in total, after which the fast one has done 150 steps.
    expect(atSeconds?.atValue).toBe(15);
    expect(atSeconds?.mean.model).toBeCloseTo((0.2 + 0.225) / 2, 12);
  });

  it('have no interval with one seed each', () => {
    const [one] = comparisons(model('a', [curve([0.1])]), model('b', [curve([0.2])]));
    expect(one).toMatchObject({ n: 1, meanDifference: -0.1 });
    expect(one?.interval).toBeUndefined();
  });

  it('are compared over the seeds that they share, and over finished runs', () => {
    const [first] = comparisons(fast, model('b', [curve([0.1, 0.1, 0.1])]));
    expect(first).toMatchObject({ n: 1, unpaired: [1], mean: { model: 0.5 } });
    expect(comparisons(fast, model('b', [curve([0.1])], 'failed'))).toEqual([]);
  });

  it('are not compared if AP is undefined', () => {
    expect(comparisons(fast, model('b', [curve([-1, -1, -1]), curve([-1, -1, -1])]))).toEqual([]);
  });

  it('reach the final value of the other after a fraction of its steps', () => {
    const [ratio] = stepsComparisons({ model: fast, baseline: slow });
    // The first seed reaches 0.2 half way between steps 100 and 200, and the baseline at 300.
    expect(ratio?.seeds[0]).toMatchObject({ seed: 0, target: 0.2, bound: 'exact' });
    expect(ratio?.seeds[0]?.ratio).toBeCloseTo(150 / 300, 12);
  });

  it('count as 0 before their first evaluation', () => {
    const late = model('late', [[{ ...(curve([0.3])[0] as CurvePoint), step: 600 }]]);
    const [atSteps] = comparisons(late, model('b', [curve([0.1, 0.1, 0.1])]));
    expect(atSteps?.mean.model).toBeCloseTo(0.15, 12);
  });

  it('are each compared with all previous ones', () => {
    const models = [fast, slow, model('c', [])];
    const names = (summary: Parameters<typeof pairsOf>[0]) =>
      pairsOf(summary).map((pair) => `${pair.model.name} ${pair.baseline.name}`);
    expect(names({ models })).toEqual(['dab-detr dn-detr', 'c dn-detr', 'c dab-detr']);
    const ablation = { name: '', title: '', claim: '', source: '' };
    expect(names({ models, ablation })).toEqual(['dab-detr dn-detr', 'c dn-detr']);
  });
});
