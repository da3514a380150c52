/** The layout of known queries: groups with equal numbers of slots, followed by the matching queries. */
import type { NoiseSource } from './random.ts';

/**
 * The layout of a batch's queries. The known query of group g and slot s has index `g * groupSize + s`; contrastive
 * groups have a second half of negatives, at `g * groupSize + slots + s`. An image fills its slots from the front, and
 * the remaining slots are padding. Matching queries follow, from index `known` on.
 */
export interface GroupLayout {
  /** B, number of images. */
  readonly batch: number;
  /** P, number of groups. */
  readonly groups: number;
  /** Whether groups have a second half of negatives. */
  readonly contrastive: boolean;
  /** Number of objects that fit into a group. */
  readonly slots: number;
  /** Number of queries in a group: `slots`, or twice that for contrastive groups. */
  readonly groupSize: number;
  /** K = groups × groupSize, number of known queries. */
  readonly known: number;
  /** Q, number of matching queries. */
  readonly matching: number;
  /** T = K + Q, number of all queries. */
  readonly total: number;
}

/** Options that determine the layout of known queries; see `DenoisingOptions`. */
export interface LayoutOptions {
  readonly matchingQueries: number;
  readonly groups: number;
  readonly contrastive: boolean;
  readonly slotBucket: number;
  /** Upper limit of K, or 0 for no limit. */
  readonly maxKnownQueries: number;
}

/**
 * Computes the layout for a batch. The number of slots is the number of objects in the fullest image, rounded up to a
 * multiple of `slotBucket`. If `slotBucket` is above 1, one bucket is kept even if no image has an object, so that the
 * batch has a shape that occurs anyway. If K would exceed `maxKnownQueries`, there are fewer groups, and if one group
 * is still too large, fewer slots than objects.
 *
 * @param largest number of objects in the image that has the most
 */
export function groupLayout(
  batch: number,
  largest: number,
  { matchingQueries, groups: asked, contrastive, slotBucket, maxKnownQueries }: LayoutOptions,
): GroupLayout {
  const limit = maxKnownQueries === 0 ? Number.POSITIVE_INFINITY : maxKnownQueries;
  const perSlot = contrastive ? 2 : 1;
  const buckets = Math.max(Math.ceil(largest / slotBucket), slotBucket > 1 ? 1 : 0);
  const slots = Math.min(buckets * slotBucket, Math.floor(limit / perSlot));
  const groupSize = slots * perSlot;
  const groups = groupSize === 0 ? asked : Math.min(asked, Math.floor(limit / groupSize));
  const known = groups * groupSize;
  const total = known + matchingQueries;
  return { batch, groups, contrastive, slots, groupSize, known, matching: matchingQueries, total };
}

/**
 * The number of groups that DINO makes for its argument `dn_number`, which is 100 in its recipes: as many as fit into 2
 * × `dnNumber` known queries, but at least one. For arguments below 50 the reference (`prepare_for_cdn` in
 * `models/dino/dn_components.py`) uses the doubled argument itself as the number of groups.
 *
 * @param largest number of objects in the image that has the most
 */
export function dinoGroups(dnNumber: number, largest: number): number {
  const queries = 2 * dnNumber;
  if (largest === 0) return 1;
  return Math.max(1, queries >= 100 ? Math.floor(queries / (2 * largest)) : queries);
}

/** A random subset of `size` indices in ascending order, by the first steps of a Fisher-Yates shuffle. */
export function randomSubset(indices: Int32Array, size: number, noise: NoiseSource): Int32Array {
  const shuffled = indices.slice();
  const drawn = new Float32Array(size);
  noise.uniform(drawn);
  for (let i = 0; i < size; i++) {
    const other = i + Math.floor((drawn[i] as number) * (shuffled.length - i));
    const picked = shuffled[other] as number;
    shuffled[other] = shuffled[i] as number;
    shuffled[i] = picked;
  }
  return shuffled.subarray(0, size).sort();
}
