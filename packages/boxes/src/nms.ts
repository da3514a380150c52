/** Greedy non-maximum suppression, per class. */
import { iouAt } from './overlap.ts';

/** Options of non-maximum suppression. */
export interface NmsOptions {
  /** A box is removed if its IoU with a kept box is above this value, in 0..1. */
  readonly iouThreshold: number;
  /** `[N]`: boxes of different classes do not suppress each other; if left out, all boxes have the same class. */
  readonly labels?: ArrayLike<number>;
}

/**
 * Indices of the boxes that are kept, by descending score, with ties in order of index. As in torchvision's `nms` and
 * `batched_nms`, IoU has no epsilon, so a box without area suppresses nothing.
 *
 * @param boxes xyxy `[N, 4]`, in any unit
 * @param scores `[N]`
 * @throws RangeError if the lengths do not fit or a score is NaN
 */
export function nms(boxes: Float32Array, scores: ArrayLike<number>, { iouThreshold, labels }: NmsOptions): Int32Array {
  const count = scores.length;
  if (boxes.length !== 4 * count) {
    throw new RangeError(`expected ${4 * count} box numbers for ${count} scores, got ${boxes.length}`);
  }
  if (labels !== undefined && labels.length !== count) {
    throw new RangeError(`expected ${count} labels like the scores, got ${labels.length}`);
  }
  const invalid = Array.prototype.findIndex.call(scores, Number.isNaN);
  if (invalid >= 0) throw new RangeError(`score ${invalid} is NaN`);

  const order = Int32Array.from({ length: count }, (_, n) => n);
  order.sort((a, b) => (scores[b] as number) - (scores[a] as number) || a - b);
  // Kept boxes by class, since a box is only compared with those of its class.
  const keptOf = new Map<number, number[]>();
  const keep: number[] = [];
  for (const n of order) {
    const label = labels?.[n] ?? 0;
    const kept = keptOf.get(label) ?? [];
    if (kept.some((other) => iouAt(boxes, 4 * other, boxes, 4 * n, 0) > iouThreshold)) continue;
    kept.push(n);
    keptOf.set(label, kept);
    keep.push(n);
  }
  return Int32Array.from(keep);
}
