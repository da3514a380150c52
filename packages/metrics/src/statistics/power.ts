/** The probability with which a paired comparison finds a difference of known size. */
import normalCdf from '@stdlib/stats-base-dists-normal-cdf';
import { checkFinite, checkProbability, StatisticsError } from './error.ts';
import { criticalT, defaultLevel } from './interval.ts';

/** A difference and its spread, for computing the power of a comparison. */
export interface EffectSize {
  /** Real mean difference between the models, such as 0.02 AP. */
  readonly difference: number;
  /** Standard deviation of the differences between seeds; a pilot study only gives an estimate of it. */
  readonly sd: number;
  /** Level of confidence. @defaultValue 0.95 */
  readonly level?: number;
}

/**
 * The power of `pairedComparison`: the share of studies with n seeds in which it claims a difference, for normal
 * differences with this mean and standard deviation. It is computed from the noncentral t distribution with both tails,
 * like R's `power.t.test(type = 'paired', strict = TRUE)`.
 *
 * @param effect effect size, with n, the number of seeds, which must be at least 2
 * @throws StatisticsError if n is not an integer of at least 2, the sd is not above 0, the difference is not finite, or
 *   the level is not in 0..1
 */
export function pairedPower({ n, difference, sd, level = defaultLevel }: EffectSize & { readonly n: number }): number {
  if (!Number.isSafeInteger(n) || n < 2) {
    throw new StatisticsError(`n is ${n}: expected a number of seeds, a whole number from 2 on`);
  }
  checkEffect(difference, sd, level);
  return rejectionRate(criticalT(n, level), n - 1, (Math.abs(difference) / sd) * Math.sqrt(n));
}

/** Largest number of seeds that is tried; nobody would run more. */
const mostSeeds = 1_000_000;

/**
 * The smallest number of seeds with which a paired comparison finds the difference with at least the given power.
 *
 * @param effect effect size, with the desired power, 0.8 by default
 * @throws StatisticsError if the difference is 0 or needs more than a million seeds, the sd is not above 0, or power or
 *   level is not in 0..1
 */
export function seedsNeeded({
  difference,
  sd,
  power = 0.8,
  level = defaultLevel,
}: EffectSize & { readonly power?: number }): number {
  checkEffect(difference, sd, level);
  checkProbability(power, 'power');
  const enough = (n: number) => pairedPower({ n, difference, sd, level }) >= power;
  let high = 2;
  while (!enough(high)) {
    if (high >= mostSeeds) {
      const told = `a difference of ${difference} with a standard deviation of ${sd}`;
      throw new StatisticsError(`${told} needs more than a million seeds: expected a larger difference`);
    }
    high *= 2;
  }
  let low = high / 2;
  // `low` is not enough (or 1), and `high` is enough: power rises with n.
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (enough(middle)) high = middle;
    else low = middle;
  }
  return high;
}

function checkEffect(difference: number, sd: number, level: number): void {
  checkFinite(difference, 'difference');
  if (!(sd > 0 && sd < Number.POSITIVE_INFINITY)) {
    throw new StatisticsError(`sd is ${sd}: expected the standard deviation of the differences, above 0`);
  }
  checkProbability(level, 'level');
}

/**
 * P(|T| > critical) for T = (Z + noncentrality) / S, where Z is standard normal and S² is chi-squared divided by its
 * degrees of freedom: the normal probability given S, integrated over the density of S, which is normalised by its own
 * integral.
 */
function rejectionRate(critical: number, degrees: number, noncentrality: number): number {
  const logDensity = (s: number) => (degrees === 1 ? 0 : (degrees - 1) * Math.log(s)) - (degrees * (s * s - 1)) / 2;
  const kept = (s: number) =>
    normalCdf(critical * s - noncentrality, 0, 1) - normalCdf(-critical * s - noncentrality, 0, 1);
  // Beyond nine standard deviations of S (about 1 / √(2 degrees)) and of Z, nothing remains.
  const spread = 9 / Math.sqrt(2 * degrees);
  const [least, most] = [Math.max(0, 1 - spread), 1 + spread];
  // The normal probability is steep where it turns from 0 to 1, so that part gets a separate panel.
  const turn = [-9, 9].map((z) => Math.min(Math.max((noncentrality + z) / critical, least), most));
  const edges = [least, ...turn, most];
  let inside = 0;
  let all = 0;
  for (let panel = 0; panel + 1 < edges.length; panel++) {
    simpson(edges[panel] as number, edges[panel + 1] as number, (s, weight) => {
      const density = weight * Math.exp(logDensity(s));
      inside += density * kept(s);
      all += density;
    });
  }
  return 1 - inside / all;
}

/** The points and weights of Simpson's rule. */
function simpson(low: number, high: number, add: (point: number, weight: number) => void): void {
  const intervals = 512;
  const step = (high - low) / intervals;
  for (let i = 0; i <= intervals; i++) {
    add(low + i * step, (step / 3) * (i === 0 || i === intervals ? 1 : i % 2 === 1 ? 4 : 2));
  }
}
