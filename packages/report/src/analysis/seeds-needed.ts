/** How many seeds would tell a difference that was seen. */
import { seedsNeeded } from '@dn-detr/metrics';
import type { Comparison } from '../summary/summary.ts';

/** Share of repeated studies that would find the difference. */
export const power = 0.8;

/** More would not be run. */
export const mostSeeds = 1000;

/**
 * The seeds of each model that would find the difference with this power at 5 %, if it is as large as it seems and seeds differ as
 * much as they did: an estimate from few seeds itself.
 *
 * @returns undefined where there is no spread to estimate; `too many` above `mostSeeds`
 */
export function seedsToTell({
  meanDifference,
  sd,
}: Pick<Comparison, 'meanDifference' | 'sd'>): number | 'too many' | undefined {
  if (sd === undefined || sd === 0) return undefined;
  // The number is above the square of this ratio, and `seedsNeeded` ends at a million.
  if (Math.abs(meanDifference) * Math.sqrt(mostSeeds) < sd) return 'too many';
  const needed = seedsNeeded({ difference: meanDifference, sd, power });
  return needed > mostSeeds ? 'too many' : needed;
}
