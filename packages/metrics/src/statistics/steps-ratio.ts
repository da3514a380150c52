/** How much sooner one model gets where another one ends. */
import { checkProbability } from './error.ts';
import { defaultLevel, type Interval, moments, studentInterval } from './interval.ts';
import { leftOutNote, pairBySeed, type UnpairedSeeds } from './seeds.ts';
import { type Curve, checkCurve, type ReachOptions, stepsToReach } from './steps-to-reach.ts';

/** A run's metric over training. */
export interface SeedCurve {
  readonly seed: number;
  readonly curve: Curve;
}

/**
 * Meaning of a ratio: it is `exact`, a lower bound (`at least`: the model never got there) or an upper bound (`at
 * most`: the model was there at its first evaluation), or nothing is known.
 */
export type Bound = 'exact' | 'at least' | 'at most' | 'unknown';

/** The ratio of steps of one seed. */
export interface SeedStepsRatio {
  readonly seed: number;
  /** The value to reach: the baseline's last. */
  readonly target: number;
  /** The model's steps to it; undefined if never. */
  readonly steps?: number;
  /** Steps of the baseline's whole run: its last evaluation, at which it has the target. */
  readonly baselineSteps: number;
  /** `steps / baselineSteps`, or its bound, with the model's last step in place of never. */
  readonly ratio?: number;
  readonly bound: Bound;
}

/** After which share of the baseline's steps a model reaches what the baseline ends with. */
export interface StepsRatio {
  /** Number of seeds that both models have. */
  readonly n: number;
  readonly seeds: readonly SeedStepsRatio[];
  /** Geometric mean over all seeds: 0.48 says after 48 % of the steps; undefined if the bound is unknown. */
  readonly ratio?: number;
  /** `exact` if all seeds are */
  readonly bound: Bound;
  /**
   * Student's t interval of the geometric mean, computed on logarithms; from 2 seeds that differ, all of them exact.
   */
  readonly interval?: Interval;
  /** Seeds that only one model has, left out. */
  readonly unpaired: readonly number[];
  /** Which seeds are not exact and why, and why there is no interval, to be printed. */
  readonly note?: string;
}

/** How curves are compared over seeds. */
export interface StepsRatioOptions extends ReachOptions {
  /** Confidence level. @defaultValue 0.95 */
  readonly level?: number;
  readonly unpaired?: UnpairedSeeds;
}

/**
 * After what share of the baseline's steps the model has the baseline's final value, such as "DN reaches DAB's final AP
 * after 48 % of the steps": the model's steps to that value, linear between evaluations, over those of the baseline's
 * run, paired by seed; and the geometric mean. The steps may be epochs or seconds as well.
 *
 * Seeds that never reach the target stay in. Their ratio is a bound, with the last step in place of never; then the
 * geometric mean is a bound too, and has no interval.
 *
 * A ratio below 1 is no sign of a difference: of two equal models one ends above the other in half of the seeds, and has
 * then had the other's value before the end. In simulated curves without a difference (saturating, 12 evaluations, ends of
 * .30 ± .02 with noise of .002 or .01) a model had the other's final value in 50 to 57 % of the seeds, after .60 to .85 of
 * the steps in the middle half of those (median .72; .83 for runs that still rise). It was there in all of 3 seeds in 13 to
 * 18 % of cases and of 5 seeds in 3 to 5 %. An interval below 1 came up in 3 to 5 % of all cases at n = 3 and in 2 to 6 %
 * at n = 5 (the most where noise, .01, is more than the ends differ by, .005; with `stays` at most 4 and 3 %), but 5 seeds
 * that all get there mostly have one. Whether the models differ at all is for `pairedComparison` to say.
 *
 * @param model the runs of the first model, one a seed
 * @param baseline those of the second model
 * @param options with `stays` the steps are counted from which on the model stays at the value or above it
 * @throws StatisticsError as `stepsToReach` for a curve, and as `pairedComparison` for seeds and level
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
  // Steps of 0 have no ratio.
  if (steps === 0 || baselineSteps === 0) {
    const why = note ?? `seed ${seed}: the second model has no steps but 0`;
    return { ratio: { ...known, steps, bound: 'unknown' }, note: why };
  }
  const bound = steps === first ? 'at most' : 'exact';
  return { ratio: { ...known, steps, ratio: steps / baselineSteps, bound }, note };
}

/** The bound of a product: that of its inexact factors, if they go one way. */
function boundOf(bounds: readonly Bound[]): Bound {
  const [one = 'exact', ...others] = new Set(bounds.filter((bound) => bound !== 'exact'));
  return others.length === 0 ? one : 'unknown';
}
