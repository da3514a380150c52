/** The positions of the real known queries among the padded ones, with the conversions between the two. */
import type { Objects } from '@dn-detr/boxes';
import type { GroupLayout } from './groups.ts';

/**
 * The N real queries in the order of the draws: group, positives before negatives, image, object; each array is `[N]`.
 */
export interface Places {
  readonly image: Int32Array;
  /** Index among the image's targets. */
  readonly object: Int32Array;
  readonly negative: Uint8Array;
  /** Index in `[B, K]`. */
  readonly at: Int32Array;
}

/**
 * Computes the positions of a batch's real queries.
 *
 * @param chosen for each image, the indices of the objects to use; at most `slots`
 */
export function placesOf(chosen: readonly Int32Array[], { groups, contrastive, slots, known }: GroupLayout): Places {
  // A contrastive group has its slots twice, other groups have them once.
  const halves = groups * (contrastive ? 2 : 1);
  const count = halves * chosen.reduce((sum, { length }) => sum + length, 0);
  const image = new Int32Array(count);
  const object = new Int32Array(count);
  const negative = new Uint8Array(count);
  const at = new Int32Array(count);
  let n = 0;
  for (let half = 0; half < halves; half++) {
    const isNegative = contrastive && half % 2 === 1 ? 1 : 0;
    for (let b = 0; b < chosen.length; b++) {
      const objects = chosen[b] as Int32Array;
      const start = b * known + half * slots;
      for (let slot = 0; slot < objects.length; slot++, n++) {
        image[n] = b;
        object[n] = objects[slot] as number;
        negative[n] = isNegative;
        at[n] = start + slot;
      }
    }
  }
  return { image, object, negative, at };
}

/** The ground truth of the real queries: labels `[N]`, boxes cxcywh `[N, 4]`. */
export function gather(
  targets: readonly Objects[],
  { image, object }: Places,
): { labels: Int32Array; boxes: Float32Array } {
  const labels = new Int32Array(image.length);
  const boxes = new Float32Array(4 * image.length);
  for (let n = 0; n < image.length; n++) {
    const target = targets[image[n] as number] as Objects;
    const from = object[n] as number;
    labels[n] = target.labels[from] as number;
    for (let i = 0; i < 4; i++) boxes[4 * n + i] = target.boxes[4 * from + i] as number;
  }
  return { labels, boxes };
}

/** The known queries of B images, K for each including padding; see `GroupLayout` for their order. */
export interface PlacedQueries {
  /** Noised classes `[B, K]`, −1 at padding; matching queries have the label `numClasses`, "unknown". */
  readonly labels: Int32Array;
  /** Noised boxes, cxcywh `[B, K, 4]` in 0..1, 0 at padding. */
  readonly boxes: Float32Array;
  /**
   * `[B, K]`, 1 for real queries: the indicator that a model appends to the label embedding (0 for matching queries).
   */
  readonly valid: Uint8Array;
  /** `[B, K]`: index, among the image's targets, of the object that a query comes from; −1 at padding. */
  readonly objects: Int32Array;
  /** `[B, K]`, 1 for contrastive negatives. */
  readonly negative: Uint8Array;
}

/** Puts noised labels `[N]` and boxes `[N, 4]` at their positions among the padding. */
export function scatter(
  places: Places,
  { labels, boxes }: { readonly labels: Int32Array; readonly boxes: Float32Array },
  { batch, known }: GroupLayout,
): PlacedQueries {
  const size = batch * known;
  const placed: PlacedQueries = {
    labels: new Int32Array(size).fill(-1),
    boxes: new Float32Array(4 * size),
    valid: new Uint8Array(size),
    objects: new Int32Array(size).fill(-1),
    negative: new Uint8Array(size),
  };
  for (let n = 0; n < places.at.length; n++) {
    const at = places.at[n] as number;
    placed.labels[at] = labels[n] as number;
    for (let i = 0; i < 4; i++) placed.boxes[4 * at + i] = boxes[4 * n + i] as number;
    placed.valid[at] = 1;
    placed.objects[at] = places.object[n] as number;
    placed.negative[at] = places.negative[n] as number;
  }
  return placed;
}
