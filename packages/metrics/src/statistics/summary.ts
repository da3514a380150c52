/** Mean and spread of one figure over seeds. */
import { checkMetric, checkProbability, StatisticsError } from './error.ts';
import { defaultLevel, type Interval, moments, studentInterval } from './interval.ts';

/** Mean and spread of a figure over seeds. */
export interface SeedSummary {
  /** Number of seeds. */
  readonly n: number;
  readonly mean: number;
  /** Standard deviation between seeds, with n − 1; from 2 seeds on. */
  readonly sd?: number;
  /** Student's t interval of the mean; from 2 seeds on that differ. */
  readonly interval?: Interval;
  /** Why there is no interval, as text to print. */
  readonly note?: string;
}

/**
 * Summarises a figure over seeds: mean, standard deviation and Student's t interval of the mean. The interval says
 * where the mean over many more seeds would lie if the values are approximately normal. It is not the range of single
 * runs, and it is not cut off at 0 or 1.
 *
 * @param values the figure of each seed, such as its final AP
 * @param options level of confidence, 0.95 by default
 * @throws StatisticsError if there are no values, one is not finite or is −1 (an undefined AP), or the level is not in
 *   0..1
 */
export function seedSummary(
  values: readonly number[],
  { level = defaultLevel }: { readonly level?: number } = {},
): SeedSummary {
  checkProbability(level, 'level');
  if (values.length === 0) throw new StatisticsError('no values: expected one for each seed');
  values.forEach((value, i) => {
    checkMetric(value, `value ${i}`);
  });
  const n = values.length;
  const { mean, sd } = moments(values);
  if (sd === undefined) return { n, mean, note: 'one seed: a standard deviation and an interval need at least 2' };
  if (sd === 0) return { n, mean, sd, note: `all ${n} values are equal: without spread there is no interval` };
  return { n, mean, sd, interval: studentInterval(mean, sd, n, level) };
}
