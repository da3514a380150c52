/** Multiple comparisons, such as those of an ablation with its baseline. */
import { StatisticsError } from './error.ts';

/**
 * Holm's adjusted p-values, in the order of the given ones. Claiming a difference wherever an adjusted value is below
 * 0.05 leads to a false claim in at most 5 % of families of comparisons, whatever the comparisons have in common.
 * Source: Holm, "A simple sequentially rejective multiple test procedure" (1979); equal to R's `p.adjust(p, 'holm')`.
 *
 * @param pValues p-values of all comparisons that were made, not only of the promising ones
 * @throws StatisticsError if one is not in 0..1
 */
export function holm(pValues: readonly number[]): number[] {
  pValues.forEach((p, i) => {
    if (!(p >= 0 && p <= 1)) throw new StatisticsError(`p-value ${i} is ${p}: expected a number in 0..1`);
  });
  // @stdlib/stats-padjust has this too, but would add 14 packages for these lines.
  const rising = pValues.map((p, i) => ({ p, i })).sort((one, other) => one.p - other.p);
  const adjusted = new Array<number>(pValues.length);
  let most = 0;
  rising.forEach(({ p, i }, rank) => {
    most = Math.max(most, Math.min(1, p * (pValues.length - rank)));
    adjusted[i] = most;
  });
  return adjusted;
}
