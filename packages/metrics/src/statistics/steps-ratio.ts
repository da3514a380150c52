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
 * What a ratio says: it is `exact`, a lower bound (`at least`: the model never got there) or an upper bound (`at most`:
 * the baseline never got there, or the model was there at its first evaluation), or nothing is known.
 */
export type Bound = 'exact' | 'at least' | 'at most' | 'unknown';

export interface SeedStepsRatio {
  readonly seed: number;
  /** the value to reach */
  readonly target: number;
  /** the model's steps to it; undefined if never */
  readonly steps?: number;
  readonly baselineSteps?: number;
  /** steps of the model / steps of the baseline, or its bound, with the last step in place of never */
  readonly ratio?: number;
  readonly bound: Bound;
}

export interface StepsRatio {
  /** number of seeds that both models have */
  readonly n: number;
  readonly seeds: readonly SeedStepsRatio[];
  /** geometric mean over all seeds: 0.48 says after 48 % of the steps; undefined if the bound is unknown */
  readonly ratio?: number;
  /** `exact` if all seeds are */
  readonly bound: Bound;
  /** of the geometric mean, Student's t of the logarithms; from 2 seeds that differ, all exact */
  readonly interval?: Interval;
  /** seeds that only one model has, left out */
  readonly unpaired: readonly number[];
  /** which seeds are not exact and why, and why there is no interval, to be printed */
  readonly note?: string;
}

export interface StepsRatioOptions extends ReachOptions {
  /**
   * the value to reach: a number, the `baseline-final` value of each seed (the default), or the `lower-final` of the two
   * models' last values, which both reach
   */
  readonly target?: number | 'baseline-final' | 'lower-final';
  /** of confidence; 0.95 */
  readonly level?: number;
  readonly unpaired?: UnpairedSeeds;
}

/**
 * After what share of the baseline's steps the model reaches the same value, such as "DN reaches DAB's final AP after
 * 48 % of the steps": the ratio of `stepsToReach` of both, paired by seed, and its geometric mean. The steps may be
 * epochs or seconds as well. The baseline's steps are those to the first time it has that value, as the model's are, not
 * the length of its run: on a plateau it has its final value well before the end.
 *
 * Seeds that never reach the target stay in. Their ratio is a bound, with the last step in place of never; then the
 * geometric mean is a bound too, and has no interval.
 *
 * `baseline-final` is for a model that ends above its baseline; both targets are the same there. Of two equal models one
 * ends above the other in half of the seeds only, so that this target is rarely reached in all, and where it is, the
 * ratio is too low: .72 in the geometric mean of simulated curves with 3 seeds (saturating, 12 evaluations, noise .002
 * on .30 ± .02), of which 86 % had a seed that did not reach it; an interval below 1 came up in 3.9 %. With
 * `lower-final` the mean is 0.99, and intervals that exclude 1 came up in 6.6 % (5 seeds: 5.2 %; more noise: 5.8 and
 * 5.1 %). Whether the models differ at all is for `pairedComparison` to say.
 *
 * @param model the runs of the first model, one a seed
 * @param baseline those of the second model
 * @throws StatisticsError as `stepsToReach` for a curve, and as `pairedComparison` for seeds and level
 */
export function stepsRatio(
  model: readonly SeedCurve[],
  baseline: readonly SeedCurve[],
  {
    target = 'baseline-final',
    stays = false,
    level = defaultLevel,
    unpaired: treatment = 'error',
  }: StepsRatioOptions = {},
): StepsRatio {
  checkProbability(level, 'level');
  for (const { seed, curve } of model) checkCurve(curve, `the curve of seed ${seed} of the first model`);
  for (const { seed, curve } of baseline) checkCurve(curve, `the curve of seed ${seed} of the second model`);
  const { pairs, unpaired } = pairBySeed(model, baseline, treatment);
  const compared = pairs.map(({ seed, a, b }) => ofSeed(seed, a.curve, b.curve, target, stays));
  const seeds = compared.map(({ ratio }) => ratio);
  const notes = compared.flatMap((one) => one.notes);
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
  target: number | 'baseline-final' | 'lower-final',
  stays: boolean,
): { readonly ratio: SeedStepsRatio; readonly notes: readonly string[] } {
  const goal = typeof target === 'number' ? target : finalTarget(model, baseline, target);
  const [one, other] = [reach(model, goal, stays), reach(baseline, goal, stays)];
  // Steps of 0 have no ratio.
  const bound = one.at > 0 && other.at > 0 ? boundOf([one.bound, opposite[other.bound]]) : 'unknown';
  const ratio = {
    seed,
    target: goal,
    ...(one.bound !== 'at least' && { steps: one.at }),
    ...(other.bound !== 'at least' && { baselineSteps: other.at }),
    ...(bound !== 'unknown' && { ratio: one.at / other.at }),
    bound,
  };
  const notes = [
    ...(one.bound === 'exact' ? [] : [`seed ${seed}: the first model ${describe(one, goal)}`]),
    ...(other.bound === 'exact' ? [] : [`seed ${seed}: the second model ${describe(other, goal)}`]),
  ];
  return { ratio, notes };
}

function finalTarget(model: Curve, baseline: Curve, target: 'baseline-final' | 'lower-final'): number {
  const [last, baselineLast] = [model.at(-1)?.value as number, baseline.at(-1)?.value as number];
  return target === 'baseline-final' ? baselineLast : Math.min(last, baselineLast);
}

/** Steps to the target: at least the last step if never, at most the first evaluation if it was there already. */
interface Reach {
  readonly at: number;
  readonly bound: Exclude<Bound, 'unknown'>;
}

function reach(curve: Curve, target: number, stays: boolean): Reach {
  const at = stepsToReach(curve, target, { stays });
  if (at === undefined) return { at: curve.at(-1)?.step as number, bound: 'at least' };
  return { at, bound: at === curve[0]?.step ? 'at most' : 'exact' };
}

/** Of 1 / x for a bound of x. */
const opposite = { exact: 'exact', 'at least': 'at most', 'at most': 'at least' } as const;

/** The bound of a product: that of its inexact factors, if they go one way. */
function boundOf(bounds: readonly Bound[]): Bound {
  const [one = 'exact', ...others] = new Set(bounds.filter((bound) => bound !== 'exact'));
  return others.length === 0 ? one : 'unknown';
}

function describe({ at, bound }: Reach, target: number): string {
  return bound === 'at least'
    ? `did not reach ${target} within its ${at} steps`
    : `had reached ${target} by its first evaluation, at step ${at}`;
}
