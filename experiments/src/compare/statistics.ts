/** What the curves of several seeds say about two models. */
import { pairedComparison, stepsRatio } from '@dn-detr/metrics';
import type { Comparison, CurvePoint, ModelSummary, StepsComparison } from './summary.ts';

const metrics = ['AP50', 'AP'] as const;
type Metric = (typeof metrics)[number];

/** A run that was stopped or failed says nothing about where it would have ended. */
const curvesOf = ({ runs }: ModelSummary) => runs.filter(({ status, curve }) => status === 'done' && curve.length > 0);

/** Each model against each one before it; undefined AP leaves nothing to compare. */
export function pairsOf(models: readonly ModelSummary[]): { model: ModelSummary; baseline: ModelSummary }[] {
  return models.flatMap((model, i) => models.slice(0, i).map((baseline) => ({ model, baseline })));
}

export function comparisons(model: ModelSummary, baseline: ModelSummary): Comparison[] {
  return (['steps', 'seconds'] as const).flatMap((at) =>
    metrics.flatMap((metric) => comparison(model, baseline, metric, at) ?? []),
  );
}

function comparison(
  model: ModelSummary,
  baseline: ModelSummary,
  metric: Metric,
  at: 'steps' | 'seconds',
): Comparison | undefined {
  const both = [curvesOf(model), curvesOf(baseline)] as const;
  const axis = at === 'steps' ? 'step' : 'seconds';
  const ends = both.flatMap((runs) => runs.map(({ curve }) => (curve.at(-1) as CurvePoint)[axis]));
  const seedsOf = (runs: (typeof both)[number]) => new Set(runs.map(({ seed }) => seed));
  const common = [...seedsOf(both[0])].filter((seed) => seedsOf(both[1]).has(seed));
  if (common.length === 0) return undefined;
  const atValue = Math.min(...ends);
  const values = both.map((runs) =>
    runs.map(({ seed, curve }) => ({ seed, value: valueAt(curve, axis, metric, atValue) })),
  );
  const [ours, theirs] = values as [SeedValues, SeedValues];
  if ([...ours, ...theirs].some(({ value }) => value < 0)) return undefined;
  const paired = pairedComparison(ours, theirs, { unpaired: 'leave-out' });
  const mean = { model: meanOf(ours, common), baseline: meanOf(theirs, common) };
  const names = { model: model.name, baseline: baseline.name, metric, at, atValue };
  return { ...names, ...paired, mean, verdict: verdictOf({ ...names, ...paired, mean }) };
}

type SeedValues = { readonly seed: number; readonly value: number }[];

function meanOf(values: SeedValues, seeds: readonly number[]): number {
  const chosen = values.filter(({ seed }) => seeds.includes(seed));
  return chosen.reduce((sum, { value }) => sum + value, 0) / chosen.length;
}

/** Between two evaluations on the line between them; before the first one 0, as nothing is learned yet. */
export function valueAt(curve: readonly CurvePoint[], axis: 'step' | 'seconds', metric: Metric, at: number): number {
  const after = curve.findIndex((point) => point[axis] >= at);
  if (after < 0) return (curve.at(-1) as CurvePoint)[metric];
  const right = curve[after] as CurvePoint;
  const left = curve[after - 1] ?? { [axis]: 0, [metric]: 0 };
  const [x0, x1] = [(left as CurvePoint)[axis], right[axis]];
  const [y0, y1] = [(left as CurvePoint)[metric], right[metric]];
  if (y0 < 0 || y1 < 0) return y1;
  return x1 === x0 ? y1 : y0 + ((y1 - y0) * (at - x0)) / (x1 - x0);
}

function verdictOf(found: Omit<Comparison, 'verdict'>): string {
  const { model, baseline, metric, at, atValue, n, mean, meanDifference, interval, claimsDifference } = found;
  const when = at === 'steps' ? `${atValue.toLocaleString('en')} steps` : `${atValue.toFixed(0)} s of training`;
  const figures = `${metric} ${mean.model.toFixed(3)} against ${mean.baseline.toFixed(3)}`;
  const start = `After ${when} ${model} has ${figures} of ${baseline}`;
  if (!interval) return `${start}: ${n === 1 ? 'one seed proves little' : found.note}.`;
  const range = `${signed(interval.low)} to ${signed(interval.high)}`;
  return claimsDifference
    ? `${start}: a difference of ${signed(meanDifference)} (95 % interval ${range}, ${n} seeds), beyond the spread of the seeds.`
    : `${start}: the difference of ${signed(meanDifference)} cannot be told from the spread of ${n} seeds (95 % interval ${range}).`;
}

const signed = (value: number): string => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(3)}`;

export function stepsComparisons(model: ModelSummary, baseline: ModelSummary): StepsComparison[] {
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
