/** How known queries are laid out: groups of equally many slots before the matching queries. */
import type { NoiseSource } from './random.ts';

/**
 * The shape of a batch's queries. The known query of group g and slot s is query `g * groupSize + s`; contrastive groups
 * hold a second half of negatives, at `g * groupSize + slots + s`. An image fills its slots from the front, and what is
 * left is padding. Matching queries follow, from query `known` on.
 */
export interface GroupLayout {
  /** B, images */
  readonly batch: number;
  readonly groups: number;
  /** Whether groups hold a second half of negatives. */
  readonly contrastive: boolean;
  /** Objects that fit into a group. */
  readonly slots: number;
  /** Queries of a group: `slots`, or twice that with contrastive denoising. */
  readonly groupSize: number;
  /** K = groups × groupSize */
  readonly known: number;
  /** Q */
  readonly matching: number;
  /** T = K + Q */
  readonly total: number;
}

/** Sizes that the layout of known queries is made from. */
export interface LayoutOptions {
  readonly matchingQueries: number;
  readonly groups: number;
  readonly contrastive: boolean;
  readonly slotBucket: number;
  /** Upper limit of K; 0 for none. */
  readonly maxKnownQueries: number;
}

/**
 * The layout for a batch. Slots are the objects of the fullest image, rounded up to a multiple of `slotBucket`; a bucket
 * of more than 1 is kept where no image has an object, so that the batch has a shape that occurs anyway. If K would
 * exceed `maxKnownQueries`, there are fewer groups, and if one group is still too large, fewer slots than objects.
 *
 * @param largest objects of the image that has most
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
 * How many groups DINO makes for its argument `dn_number`, 100 in its recipes: as many as fit into 2 × `dnNumber` known
 * queries, but at least one. For arguments below 50 the reference (`prepare_for_cdn` in `models/dino/dn_components.py`)
 * takes the doubled argument itself as the number of groups.
 *
 * @param largest objects of the image that has most
 */
export function dinoGroups(dnNumber: number, largest: number): number {
  const queries = 2 * dnNumber;
  if (largest === 0) return 1;
  return Math.max(1, queries >= 100 ? Math.floor(queries / (2 * largest)) : queries);
}

/** A random subset of `size` of the indices, in ascending order; the first steps of a Fisher-Yates shuffle. */
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
