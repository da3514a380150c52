/** The distance from a query's initial anchor to the object that it is finally matched with. */
import { checkMatches, type QueryMatches } from './matches.ts';

/** Mean distance between anchors and the boxes that their queries are matched with. */
export interface AnchorDistance {
  /** Mean distance; undefined if no query is matched. */
  readonly mean: number | undefined;
  /** Number of matched queries in the last layer, over all images. */
  readonly matched: number;
}

/**
 * The mean L1 distance |Δcx| + |Δcy| + |Δw| + |Δh| between a query's initial anchor and the box that it is matched with
 * in the last decoder layer. Denoising makes it smaller: queries then look for nearby objects.
 *
 * Source: the extended DN-DETR paper (arXiv 2203.01305 v3), section 3.2.
 *
 * @param anchors cxcywh in 0..1, `[Q, 4]` for all images or `[I, Q, 4]`
 * @param boxes cxcywh in 0..1 of each image's objects, `[I]` of `[G, 4]`
 * @throws RangeError if a length does not fit, an object does not belong to its image or is matched twice, or a number
 *   is not finite
 */
export function anchorDistance(
  anchors: ArrayLike<number>,
  matches: QueryMatches,
  boxes: readonly ArrayLike<number>[],
): AnchorDistance {
  checkMatches(matches);
  const { layers, queries, objects, counts } = matches;
  const I = counts.length;
  if (anchors.length !== 4 * queries && anchors.length !== 4 * queries * I) {
    throw new RangeError(`expected anchors [${queries}, 4] or [${I}, ${queries}, 4], got ${anchors.length} numbers`);
  }
  if (boxes.length !== I) throw new RangeError(`expected the boxes of ${I} images, got those of ${boxes.length}`);
  const isShared = anchors.length === 4 * queries;
  let total = 0;
  let matched = 0;
  for (const [image, ofImage] of boxes.entries()) {
    const count = counts[image] as number;
    if (ofImage.length !== 4 * count) {
      throw new RangeError(
        `image ${image}: expected boxes [${count}, 4] of its objects, got ${ofImage.length} numbers`,
      );
    }
    for (let q = 0; q < queries && layers > 0; q++) {
      const object = objects[((layers - 1) * I + image) * queries + q] as number;
      if (object < 0) continue;
      const anchor = 4 * (isShared ? q : image * queries + q);
      let distance = 0;
      for (let k = 0; k < 4; k++) {
        distance += Math.abs((anchors[anchor + k] as number) - (ofImage[4 * object + k] as number));
      }
      if (!Number.isFinite(distance)) {
        throw new RangeError(`image ${image}: the anchor of query ${q} or the box of object ${object} is not finite`);
      }
      total += distance;
      matched++;
    }
  }
  return { mean: matched === 0 ? undefined : total / matched, matched };
}
