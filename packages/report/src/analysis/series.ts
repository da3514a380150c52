/** The curves of a plot: one for each seed, and their mean with its Student's t interval. */
import { seedSummary } from '@dn-detr/metrics';
import { valueAt, type XY } from '../summary/interpolation.ts';
import type { CurvePoint, ModelSummary, SeedRun } from '../summary/summary.ts';
import { countedRuns } from './runs.ts';

export type Metric = 'AP' | 'AP50' | 'AP75' | 'loss' | 'instability' | 'anchorDistance';
/** A term of the loss, identified by its name in `losses`. */
export interface LossPart {
  readonly name: string;
}
export type Progress = 'step' | 'seconds';

/** A point of a mean curve over seeds. */
export interface MeanPoint extends XY {
  /** The lower end of the mean's interval, from three seeds on that differ. */
  readonly low?: number;
  readonly high?: number;
  readonly seeds: number;
}

/** Smallest number of seeds for a band; the interval of two seeds is wider than most plots. */
const leastInBand = 3;

/** Confidence level of the bands. */
export const bandLevel = 0.95;

/** A metric's value; undefined for an AP of -1 and for a loss that overflowed. */
export function metricValue(point: CurvePoint, metric: Metric | LossPart): number | undefined {
  const value = typeof metric === 'string' ? point[metric] : point.losses[metric.name];
  if (value === null || value === undefined || !Number.isFinite(value)) return undefined;
  if (value === -1 && typeof metric === 'string' && metric.startsWith('AP')) return undefined;
  // Losses are drawn on a logarithmic scale.
  return isLoss(metric) && value <= 0 ? undefined : value;
}

const isLoss = (metric: Metric | LossPart): boolean => metric === 'loss' || typeof metric !== 'string';

/** The curve of one run, at the points where the metric has a value. */
export function seedCurve({ curve }: SeedRun, metric: Metric | LossPart, progress: Progress): XY[] {
  return curve.flatMap((point) => {
    const y = metricValue(point, metric);
    return y === undefined || !Number.isFinite(point[progress]) ? [] : [{ x: point[progress], y }];
  });
}

/**
 * The mean over the counted runs, at the points where all of them have a value, because a mean over changing runs would jump.
 * Over steps, the points are the evaluations. Over seconds, which differ between runs, there are about as many points, and runs
 * are interpolated linearly between evaluations. For losses, the mean and the interval are those of the logarithm.
 */
export function meanCurve(model: ModelSummary, metric: Metric | LossPart, progress: Progress): MeanPoint[] {
  const curves = countedRuns(model)
    .map((run) => seedCurve(run, metric, progress))
    .filter((curve) => curve.length > 0);
  const [first] = curves;
  if (first === undefined) return [];
  const xs =
    progress === 'step'
      ? first.map(({ x }) => x).filter((x) => curves.every((curve) => curve.some((point) => point.x === x)))
      : commonTimes(curves);
  const [into, outOf] = isLoss(metric) ? [Math.log, Math.exp] : [same, same];
  return xs.map((x) => {
    const { mean, interval } = seedSummary(
      curves.map((curve) => into(valueAt(curve, x))),
      { level: bandLevel },
    );
    const band = curves.length >= leastInBand && interval && { low: outOf(interval.low), high: outOf(interval.high) };
    return { x, y: outOf(mean), ...band, seeds: curves.length };
  });
}

const same = (value: number): number => value;

/** The mean times of evaluations, within what all curves cover. */
function commonTimes(curves: readonly (readonly XY[])[]): number[] {
  const start = Math.max(...curves.map((curve) => (curve[0] as XY).x));
  const end = Math.min(...curves.map((curve) => (curve.at(-1) as XY).x));
  if (start > end) return [];
  const length = Math.min(...curves.map((curve) => curve.length));
  const times = Array.from({ length }, (_, i) => average(curves.map((curve) => (curve[i] as XY).x)));
  return [...new Set([start, ...times.filter((time) => time > start && time < end), end])];
}

export const average = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
