/** Compares two models by the curves of their seeds. */
import { pairedComparison, stepsRatio } from '@dn-detr/metrics';
import { valueAt } from './interpolation.ts';
import type { Comparison, CurvePoint, Equal, ModelSummary, StepsComparison, Summary } from './summary.ts';

const metrics = ['AP50', 'AP'] as const;
type Metric = (typeof metrics)[number];

/** The finished runs; one that was stopped or failed does not show where it would have ended. */
const curvesOf = ({ runs }: ModelSummary) => runs.filter(({ status, curve }) => status === 'done' && curve.length > 0);

/** Pairs of each model with each one before it; in an ablation, of each cell with the first. */
export function pairsOf({ models, ablation }: Pick<Summary, 'models' | 'ablation'>): Pair[] {
  return models.flatMap((model, i) =>
    models.slice(0, ablation ? Math.min(i, 1) : i).map((baseline) => ({ model, baseline })),
  );
}

/** Two models that are compared. */
export interface Pair {
  readonly model: ModelSummary;
  readonly baseline: ModelSummary;
}

/** Comparisons in both metrics, over the finished runs; empty if the models share no seed, or AP is undefined. */
export function comparisons({ model, baseline }: Pair, at: Equal): Comparison[] {
  return metrics.flatMap((metric) => comparison(model, baseline, metric, at) ?? []);
}

function comparison(model: ModelSummary, baseline: ModelSummary, metric: Metric, at: Equal): Comparison | undefined {
  const both = [curvesOf(model), curvesOf(baseline)] as const;
  const axis = at === 'steps' ? 'step' : 'seconds';
  const ends = both.flatMap((runs) => runs.map(({ curve }) => (curve.at(-1) as CurvePoint)[axis]));
  const seedsOf = (runs: (typeof both)[number]) => new Set(runs.map(({ seed }) => seed));
  const common = [...seedsOf(both[0])].filter((seed) => seedsOf(both[1]).has(seed));
  if (common.length === 0) return undefined;
  const atValue = Math.min(...ends);
  if (both.some((runs) => runs.some(({ curve }) => curve.some((point) => point[metric] < 0)))) return undefined;
  const values = both.map((runs) =>
    runs.map(({ seed, curve }) => {
      // Curves start at 0, since nothing has been learned before training.
      const points = [{ x: 0, y: 0 }, ...curve.map((point) => ({ x: point[axis], y: point[metric] }))];
      return { seed, value: valueAt(points, atValue) };
    }),
  );
  const [ours, theirs] = values as [SeedValues, SeedValues];
  const paired = pairedComparison(ours, theirs, { unpaired: 'leave-out' });
  const mean = { model: meanOf(ours, common), baseline: meanOf(theirs, common) };
  return { model: model.name, baseline: baseline.name, metric, at, atValue, ...paired, mean };
}

type SeedValues = { readonly seed: number; readonly value: number }[];

function meanOf(values: SeedValues, seeds: readonly number[]): number {
  const chosen = values.filter(({ seed }) => seeds.includes(seed));
  return chosen.reduce((sum, { value }) => sum + value, 0) / chosen.length;
}

/** How soon the model reaches the final value of the baseline, in both metrics. */
export function stepsComparisons({ model, baseline }: Pair): StepsComparison[] {
  return metrics.flatMap((metric) => {
    const seedCurves = (of: ModelSummary) =>
      curvesOf(of).map(({ seed, curve }) => ({
        seed,
        curve: curve.filter((point) => point[metric] >= 0).map((point) => ({ step: point.step, value: point[metric] })),
      }));
    const [ours, theirs] = [seedCurves(model), seedCurves(baseline)].map((runs) =>
      runs.filter(({ curve }) => curve.length > 0),
    ) as [ReturnType<typeof seedCurves>, ReturnType<typeof seedCurves>];
    if (!ours.some(({ seed }) => theirs.some((other) => other.seed === seed))) return [];
    const ratio = stepsRatio(ours, theirs, { unpaired: 'leave-out' });
    return [{ model: model.name, baseline: baseline.name, metric, ...ratio }];
  });
}
