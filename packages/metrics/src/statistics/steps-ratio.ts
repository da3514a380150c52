/** How much sooner one model reaches the value with which another one ends. */
import { checkProbability } from './error.ts';
import { defaultLevel, type Interval, moments, studentInterval } from './interval.ts';
import { leftOutNote, pairBySeed, type UnpairedSeeds } from './seeds.ts';
import { type Curve, checkCurve, type ReachOptions, stepsToReach } from './steps-to-reach.ts';

/** A run's metric during training. */
export interface SeedCurve {
  readonly seed: number;
  readonly curve: Curve;
}

/**
 * What is known about a ratio: it is `exact`, a lower bound (`at least`: the model never reached the target), an upper
 * bound (`at most`: the model had reached it by its first evaluation), or `unknown`.
 */
export type Bound = 'exact' | 'at least' | 'at most' | 'unknown';

/** The ratio of steps for one seed. */
export interface SeedStepsRatio {
  readonly seed: number;
  /** The value to reach, which is the baseline's last. */
  readonly target: number;
  /** Number of steps after which the model reaches it; undefined if it never does. */
  readonly steps?: number;
  /** Number of steps in the baseline's run, up to its last evaluation, which gives the target. */
  readonly baselineSteps: number;
  /**
   * `steps / baselineSteps`, or a bound of it, for which the model's last step is used if it never reaches the target.
   */
  readonly ratio?: number;
  readonly bound: Bound;
}

/** After which share of the baseline's steps a model reaches the baseline's final value. */
export interface StepsRatio {
  /** Number of seeds that both models have. */
  readonly n: number;
  readonly seeds: readonly SeedStepsRatio[];
  /** Geometric mean over all seeds: 0.48 means after 48 % of the steps. Undefined if the bound is unknown. */
  readonly ratio?: number;
  /** Bound of the mean ratio; `exact` if all seeds are exact. */
  readonly bound: Bound;
  /**
   * Interval of the geometric mean, by Student's t of the logarithms; from 2 seeds on that differ and are all exact.
   */
  readonly interval?: Interval;
  /** Seeds that only one model has, which are left out. */
  readonly unpaired: readonly number[];
  /** Which seeds are not exact and why, and why there is no interval, as text to print. */
  readonly note?: string;
}

/** Options for comparing curves over seeds. */
export interface StepsRatioOptions extends ReachOptions {
  /** Level of confidence. @defaultValue 0.95 */
  readonly level?: number;
  /** How to handle a seed that only one model has. @defaultValue 'error' */
  readonly unpaired?: UnpairedSeeds;
}

/**
 * After what share of the baseline's steps the model reaches the baseline's final value, as in "DN reaches DAB's final
 * AP after 48 % of the steps". The ratio is the model's number of steps to that value, linear between evaluations,
 * divided by the number of steps in the baseline's run, paired by seed; the result includes the geometric mean. Steps
 * may also be epochs or seconds.
 *
 * Seeds that never reach the target are kept. Their ratio is a bound, computed with the last step; the geometric mean
 * is then a bound too, and has no interval.
 *
 * A ratio below 1 is not a sign of a difference: of two equal models, one ends above the other in half of the seeds,
 * and has then reached the other's value before the end. In simulated curves without a difference (saturating, 12
 * evaluations, ends of .30 ± .02 with noise of .002 or .01) a model reached the other's final value in 50 to 57 % of
 * the seeds, after .60 to .85 of the steps in the middle half of those (median .72; .83 for runs that still rise). It
 * did so in all of 3 seeds in 13 to 18 % of cases, and in all of 5 seeds in 3 to 5 %. An interval below 1 came up in 3
 * to 5 % of all cases at n = 3 and in 2 to 6 % at n = 5 (most often if the noise, .01, exceeds the difference in the
 * ends, .005; with `stays` at most 4 and 3 %), but 5 seeds that all reach the value mostly have one. Use
 * `pairedComparison` to find out whether the models differ.
 *
 * @param model the runs of the first model, one per seed
 * @param baseline the runs of the second model
 * @param options with `stays`, steps are counted until the model stays at or above the value
 * @throws StatisticsError as for `stepsToReach` for a curve, and as for `pairedComparison` for seeds and level
 */
export function stepsRatio(
  model: readonly SeedCurve[],
  baseline: readonly SeedCurve[],
  { stays = false, level = defaultLevel, unpaired: treatment = 'error' }: StepsRatioOptions = {},
): StepsRatio {
  checkProbability(level, 'level');
  for (const { seed, curve } of model) checkCurve(curve, `the curve of seed ${seed} of the first model`);
  for (const { seed, curve } of baseline) checkCurve(curve, `the curve of seed ${seed} of the second model`);
  const { pairs, unpaired } = pairBySeed(model, baseline, treatment);
  const compared = pairs.map(({ seed, a, b }) => ofSeed(seed, a.curve, b.curve, stays));
  const seeds = compared.map(({ ratio }) => ratio);
  const notes = compared.flatMap(({ note }) => note ?? []);
  if (unpaired.length > 0) notes.push(leftOutNote(unpaired));

  const n = seeds.length;
  const bound = boundOf(seeds.map((seed) => seed.bound));
  const common = { n, seeds, bound, unpaired };
  if (bound === 'unknown') return { ...common, note: notes.join('; ') };
  const logs = seeds.map(({ ratio }) => Math.log(ratio as number));
  const { mean, sd } = moments(logs, 1);
  if (bound !== 'exact') notes.push(`the mean ratio is a bound (${bound}): there is no interval`);
  else if (sd === undefined) notes.push('one seed: an interval needs at least 2');
  else if (sd === 0) notes.push(`all ${n} ratios are equal: without spread there is no interval`);
  const ofLogs = bound === 'exact' && sd ? studentInterval(mean, sd, n, level) : undefined;
  return {
    ...common,
    ratio: Math.exp(mean),
    ...(ofLogs && { interval: { ...ofLogs, low: Math.exp(ofLogs.low), high: Math.exp(ofLogs.high) } }),
    ...(notes.length > 0 && { note: notes.join('; ') }),
  };
}

function ofSeed(
  seed: number,
  model: Curve,
  baseline: Curve,
  stays: boolean,
): { readonly ratio: SeedStepsRatio; readonly note: string | undefined } {
  const { step: baselineSteps, value: target } = baseline.at(-1) as Curve[number];
  const steps = stepsToReach(model, target, { stays });
  const [first, last] = [model[0]?.step as number, model.at(-1)?.step as number];
  const known = { seed, target, baselineSteps };
  if (steps === undefined) {
    const note = `seed ${seed}: the first model did not reach ${target} within its ${last} steps`;
    if (last === 0 || baselineSteps === 0) return { ratio: { ...known, bound: 'unknown' }, note };
    return { ratio: { ...known, ratio: last / baselineSteps, bound: 'at least' }, note };
  }
  const note =
    steps === first
      ? `seed ${seed}: the first model had reached ${target} by its first evaluation, at step ${steps}`
      : undefined;
  // With 0 steps there is no ratio.
  if (steps === 0 || baselineSteps === 0) {
    const why = note ?? `seed ${seed}: the second model has no steps but 0`;
    return { ratio: { ...known, steps, bound: 'unknown' }, note: why };
  }
  const bound = steps === first ? 'at most' : 'exact';
  return { ratio: { ...known, steps, ratio: steps / baselineSteps, bound }, note };
}

/** The bound of a product: that of its inexact factors, if they are all of one kind. */
function boundOf(bounds: readonly Bound[]): Bound {
  const [one = 'exact', ...others] = new Set(bounds.filter((bound) => bound !== 'exact'));
  return others.length === 0 ? one : 'unknown';
}
