/** Estimates how many seeds would confirm an observed difference. */
import { seedsNeeded } from '@dn-detr/metrics';
import type { Comparison } from '../summary/summary.ts';

/** Fraction of repeated studies that would find the difference. */
export const power = 0.8;

/** Largest number of seeds that is shown; nobody would run more. */
export const mostSeeds = 1000;

/**
 * Number of seeds per model that would find the difference with this power at a level of 5 %, if it is as large as it seems and
 * seeds differ as much as they did. This is itself an estimate from few seeds.
 *
 * @returns The number of seeds; undefined if the spread is unknown or zero; `too many` above `mostSeeds`.
 */
export function seedsToTell({
  meanDifference,
  sd,
}: Pick<Comparison, 'meanDifference' | 'sd'>): number | 'too many' | undefined {
  if (sd === undefined || sd === 0) return undefined;
  // The number is at least the square of sd / difference, and `seedsNeeded` stops at a million.
  if (Math.abs(meanDifference) * Math.sqrt(mostSeeds) < sd) return 'too many';
  const needed = seedsNeeded({ difference: meanDifference, sd, power });
  return needed > mostSeeds ? 'too many' : needed;
}
