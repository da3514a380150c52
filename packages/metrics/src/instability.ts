/** How much the matching changes: between two epochs, and between the decoder layers of one pass. */
import { checkMatches, type QueryMatches } from './matches.ts';

/** Numbers of queries whose object changed. */
export interface MatchChanges {
  /** Mean over images. */
  readonly mean: number;
  /** The mean divided by 2M, with a mean of M objects per image: 1 if every object moved to a query that had none. */
  readonly relative: number;
  /** Number of queries whose object changed, for each image, `[I]`. */
  readonly perImage: Int32Array;
}

/** Matching instability, in the last decoder layer and in each of them. */
export interface MatchingInstability extends MatchChanges {
  /** `[L]`: the changes in every decoder layer; those of the last one are the figures above. */
  readonly perLayer: readonly MatchChanges[];
}

/**
 * Matching instability IS: the number of queries whose object (−1: none) differs from that of the previous epoch,
 * averaged over images. An object that moves to another query counts twice, so IS reaches up to 2M with M objects per
 * image; without any objects both are 0. The images must be the same, matched without augmentation.
 *
 * Source: DN-DETR (Li et al., CVPR 2022), section on stability.
 *
 * @throws RangeError if the two differ in layers, queries or images, a length does not fit, an object does not belong
 *   to its image or is matched twice, or there are no layers or images
 */
export function matchingInstability(previous: QueryMatches, current: QueryMatches): MatchingInstability {
  checkMatches(previous, 'the previous matches: ');
  checkMatches(current, 'the current matches: ');
  checkSame(previous, current);
  const { layers } = current;
  if (layers === 0) throw new RangeError('expected at least one decoder layer, got 0');
  const perLayer = Array.from({ length: layers }, (_, layer) => changes(previous, layer, current, layer));
  return { ...(perLayer[layers - 1] as MatchChanges), perLayer };
}

/**
 * The disagreement between decoder layers in one pass: for each layer but the first, the number of queries whose object
 * differs from that of the previous layer. This is a different quantity from the instability between epochs.
 *
 * Source: Stable-DINO (Liu et al., ICCV 2023).
 *
 * @returns `[L − 1]`
 * @throws RangeError if a length does not fit, an object does not belong to its image or is matched twice, or there are
 *   no images
 */
export function layerDisagreement(matches: QueryMatches): readonly MatchChanges[] {
  checkMatches(matches);
  return Array.from({ length: Math.max(0, matches.layers - 1) }, (_, layer) =>
    changes(matches, layer, matches, layer + 1),
  );
}

/** The changes from layer `a` of one matching to layer `b` of another, for the same images. */
function changes(before: QueryMatches, a: number, after: QueryMatches, b: number): MatchChanges {
  const { queries, counts } = after;
  const I = counts.length;
  if (I === 0) throw new RangeError('expected at least one image, got 0');
  const perImage = new Int32Array(I);
  let total = 0;
  let objects = 0;
  for (let image = 0; image < I; image++) {
    const first = (a * I + image) * queries;
    const second = (b * I + image) * queries;
    let changed = 0;
    for (let q = 0; q < queries; q++) if (before.objects[first + q] !== after.objects[second + q]) changed++;
    perImage[image] = changed;
    total += changed;
    objects += counts[image] as number;
  }
  return { mean: total / I, relative: objects === 0 ? 0 : total / (2 * objects), perImage };
}

function checkSame(previous: QueryMatches, current: QueryMatches): void {
  for (const axis of ['layers', 'queries'] as const) {
    if (previous[axis] !== current[axis]) {
      throw new RangeError(`the previous matches are of ${previous[axis]} ${axis}, the current of ${current[axis]}`);
    }
  }
  const advice = 'expected the same images in the same order';
  if (previous.counts.length !== current.counts.length) {
    throw new RangeError(
      `the previous matches are of ${previous.counts.length} images, the current of ${current.counts.length}: ${advice}`,
    );
  }
  for (let image = 0; image < current.counts.length; image++) {
    const [before, now] = [previous.images?.[image], current.images?.[image]];
    if (before !== undefined && now !== undefined && before !== now) {
      throw new RangeError(`image ${image} was '${before}' in the previous matches and is '${now}' now: ${advice}`);
    }
    if (previous.counts[image] !== current.counts[image]) {
      throw new RangeError(
        `image ${image} had ${previous.counts[image]} objects in the previous matches and has ` +
          `${current.counts[image]} now: ${advice}`,
      );
    }
  }
}
