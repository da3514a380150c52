/** The final table's figures: one row per model, over the runs that count. */
import { type Interval, seedSummary } from '@dn-detr/metrics';
import { median } from 'd3-array';
import { decimal } from '../format.ts';
import type { CurvePoint, ModelSummary, SeedRun, StepsComparison, Summary } from '../summary/summary.ts';
import { countedRuns, evaluatedEquallyOften, isOnPlateau, plateauWords } from './runs.ts';

/** A figure as the mean over seeds. */
export interface Estimate {
  readonly mean?: number;
  /** Student's t interval, from two seeds on that differ. */
  readonly interval?: Interval;
  readonly seeds: number;
}

/** The last figures of a model. */
export interface FinalRow {
  readonly model: ModelSummary;
  /** Number of seeds: `3`, or `2 of 3` if not all runs count. */
  readonly seeds: string;
  readonly AP: Estimate;
  readonly AP50: Estimate;
  readonly AP75: Estimate;
  readonly secondsAStep?: number;
  /** IS / (2M) as last measured; without a mean if models were not evaluated equally often. */
  readonly instability: Estimate;
  /** Steps to the final AP50 of each of the table's baselines; undefined for pairs that were not compared. */
  readonly stepsRatios: readonly (StepsComparison | undefined)[];
  readonly plateau?: string;
}

/** The last figures of all models. */
export interface FinalTable {
  /**
   * Baselines of the steps ratios, in their order. Models on the plateau are excluded, because their final AP50 is chance, and
   * the list is empty if the columns would be wider than the page.
   */
  readonly baselines: readonly string[];
  readonly rows: readonly FinalRow[];
}

const mostBaselines = 2;

/** Makes the table of the last figures of all models. */
export function finalTable(summary: Summary): FinalTable {
  const { models, stepsRatios } = summary;
  const stuck = models.filter(isOnPlateau).map(({ name }) => name);
  const ratios = stepsRatios.filter(({ metric, baseline }) => metric === 'AP50' && !stuck.includes(baseline));
  const named = [...new Set(ratios.map(({ baseline }) => baseline))];
  const baselines = named.length > mostBaselines ? [] : named;
  const comparable = evaluatedEquallyOften(summary);
  const rows = models.map((model): FinalRow => {
    const runs = countedRuns(model);
    const last = (value: (run: SeedRun) => number | null | undefined) => estimate(runs.map(value));
    const plateau = plateauWords(model);
    return {
      model,
      seeds: runs.length === model.runs.length ? `${runs.length}` : `${runs.length} of ${model.runs.length}`,
      AP: last(({ final }) => final?.AP),
      AP50: last(({ final }) => final?.AP50),
      AP75: last(({ final }) => final?.AP75),
      secondsAStep: last(({ curve }) => timeOfStep(curve)).mean,
      instability: comparable ? last(({ curve }) => lastKnown(curve)) : { seeds: 0 },
      stepsRatios: baselines.map((baseline) =>
        ratios.find((ratio) => ratio.model === model.name && ratio.baseline === baseline),
      ),
      ...(plateau !== undefined && { plateau }),
    };
  });
  return { baselines, rows };
}

/**
 * Seconds per step, as the median of the times between evaluations: the first steps are slow, and other work on the machine
 * would distort a mean.
 */
export function timeOfStep(curve: readonly CurvePoint[]): number | undefined {
  const times = (points: readonly { readonly step: number; readonly seconds: number }[]) =>
    points.slice(1).map(({ step, seconds }, i) => {
      const before = points[i] as (typeof points)[number];
      return (seconds - before.seconds) / (step - before.step);
    });
  if (curve.length > 1) return median(times(curve));
  return times([{ step: 0, seconds: 0 }, ...curve])[0];
}

const lastKnown = (curve: readonly CurvePoint[]): number | null | undefined =>
  curve.findLast(({ instability }) => instability !== null)?.instability;

/** Confidence level of the table's intervals; undefined if there are none. */
export const intervalLevel = (rows: readonly FinalRow[]): number | undefined =>
  rows.flatMap(({ AP, AP50, AP75 }) => [AP, AP50, AP75]).find(({ interval }) => interval)?.interval?.level;

/** The mean over the known values; an AP of -1 counts as unknown. */
export function estimate(values: readonly (number | null | undefined)[]): Estimate {
  const known = values.filter((value): value is number => Number.isFinite(value) && value !== -1);
  if (known.length === 0) return { seeds: 0 };
  const { mean, interval } = seedSummary(known);
  return { mean, seeds: known.length, ...(interval && { interval }) };
}

/** The mean and half of its interval as `0.173 ± 0.012`; only the mean if there is no interval. */
export function estimateWords({ mean, interval }: Estimate, format: (value: number | undefined) => string): string {
  return interval ? `${format(mean)} ± ${decimal((interval.high - interval.low) / 2)}` : format(mean);
}
