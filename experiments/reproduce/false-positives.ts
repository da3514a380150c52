/**
 * How often a difference is claimed where there is none: runs of one model, which differ only in their seeds, are split in all
 * possible ways into two pseudo-models, and these are compared like models.
 *
 * Splits share runs, so they are not independent trials: the interval is computed with the jackknife, which leaves out each
 * seed in turn (Efron and Stein, "The jackknife estimate of variance", 1981).
 *
 * Command: see `false-positives.sh` in this folder. Result: docs/results.md.
 */
import { type Interval, pairedComparison, seedSummary } from '@dn-detr/metrics';

export interface FalsePositives {
  /** Number of seeds of each pseudo-model. */
  readonly seeds: number;
  readonly splits: number;
  /** Fraction of the splits in which a difference is claimed. */
  readonly rate: number;
  /** The jackknife's interval of the rate, clipped to 0..1; absent if it makes no difference which run is left out. */
  readonly interval?: Interval;
}

/**
 * Compares all pairs of pseudo-models.
 *
 * @param values - One value per run.
 * @param seeds - Seeds of each pseudo-model; at least one run must be left over.
 */
export function falsePositives(values: readonly number[], seeds: number): FalsePositives {
  const { splits, rate } = claimedIn(values, seeds);
  const n = values.length;
  const pseudoValues = values.map((_, left) => {
    const without = values.filter((_, i) => i !== left);
    return n * rate - (n - 1) * claimedIn(without, seeds).rate;
  });
  const { interval } = seedSummary(pseudoValues);
  const inside = interval && { ...interval, low: Math.max(0, interval.low), high: Math.min(1, interval.high) };
  return { seeds, splits, rate, ...(inside && { interval: inside }) };
}

function claimedIn(values: readonly number[], seeds: number): { splits: number; rate: number } {
  let [splits, claims] = [0, 0];
  const runs = values.map((_, i) => i);
  for (const one of subsets(runs, seeds)) {
    const first = one[0] as number;
    // Each pair of pseudo-models is counted once: the pseudo-model with the lowest run comes first.
    const others = runs.filter((run) => run > first && !one.includes(run));
    for (const other of subsets(others, seeds)) {
      const [a, b] = [one, other].map((chosen) => chosen.map((run, seed) => ({ seed, value: values[run] as number })));
      splits++;
      if (pairedComparison(a as never, b as never).claimsDifference) claims++;
    }
  }
  return { splits, rate: claims / splits };
}

/** All subsets of the given size, each in the order of `items`. */
function* subsets(items: readonly number[], size: number): Generator<number[]> {
  if (size === 0) yield [];
  else {
    for (const [i, item] of items.entries()) {
      for (const rest of subsets(items.slice(i + 1), size - 1)) yield [item, ...rest];
    }
  }
}
