/** Checks that attention respects the mask: what matching queries take from known ones, and groups from each other. */
import type { KnownQueries } from '@dn-detr/dn';

/** The largest blocked weights over all heads, layers and pairs of queries; 0 if the mask works. */
export interface GroupLeak {
  readonly matchingToKnown: number;
  readonly betweenGroups: number;
  /** Largest weight of any query on a padded slot. */
  readonly onPadding: number;
}

/**
 * Finds the largest blocked weights for an image that is the only one in its batch.
 *
 * @param layers - Self-attention of each layer, `[H, T, T]`, with queries as rows.
 */
export function groupLeak(layers: readonly Float32Array[], heads: number, { layout, valid }: KnownQueries): GroupLeak {
  const { known, groupSize, total } = layout;
  const leak = { matchingToKnown: 0, betweenGroups: 0, onPadding: 0 };
  for (const weights of layers) {
    for (let row = 0; row < heads * total; row++) {
      const query = row % total;
      for (let key = 0; key < known; key++) {
        const weight = weights[row * total + key] as number;
        const sameGroup = query < known && Math.floor(query / groupSize) === Math.floor(key / groupSize);
        if (query >= known) leak.matchingToKnown = Math.max(leak.matchingToKnown, weight);
        else if (!sameGroup) leak.betweenGroups = Math.max(leak.betweenGroups, weight);
        if (valid[key] === 0) leak.onPadding = Math.max(leak.onPadding, weight);
      }
    }
  }
  return leak;
}
