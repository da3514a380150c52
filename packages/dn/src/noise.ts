/**
 * The noise of DN-DETR (Li et al. 2022, section 4.2; `prepare_for_dn` in `models/DN_DAB_DETR/dn_components.py`) on N
 * objects: flipped labels and jittered boxes.
 */
import type { NoiseSource } from './random.ts';

/** Options of label noise. */
export interface LabelNoise {
  /** γ: the probability, in 0..1, that a label is drawn anew. */
  readonly labelNoise: number;
  readonly numClasses: number;
  /**
   * Whether the new label is drawn only from the other classes; if there is only one class, labels are kept. The
   * reference draws from all classes, so that labels actually change at a rate of γ (1 − 1/numClasses).
   */
  readonly excludeOwnClass: boolean;
}

/** Replaces each of the labels `[N]` by a random class with probability `labelNoise`. */
export function flipLabels(
  labels: Int32Array,
  { labelNoise, numClasses, excludeOwnClass }: LabelNoise,
  noise: NoiseSource,
): Int32Array {
  const noised = labels.slice();
  if (labelNoise === 0 || (excludeOwnClass && numClasses === 1)) return noised;
  const chance = new Float32Array(labels.length);
  noise.uniform(chance);
  const flipped = new Int32Array(labels.length);
  let count = 0;
  for (let n = 0; n < labels.length; n++) {
    if ((chance[n] as number) < labelNoise) flipped[count++] = n;
  }
  const drawn = new Int32Array(count);
  noise.integers(drawn, excludeOwnClass ? numClasses - 1 : numClasses);
  for (let i = 0; i < count; i++) {
    const n = flipped[i] as number;
    const label = drawn[i] as number;
    noised[n] = excludeOwnClass && label >= (labels[n] as number) ? label + 1 : label;
  }
  return noised;
}

/** Scales of DN-DETR's box noise. */
export interface BoxNoise {
  /** λ1: the centre moves by at most this times half the width and height; below 1 it stays inside the box. */
  readonly centerNoise: number;
  /** λ2: width and height change by at most this fraction of themselves. */
  readonly sizeNoise: number;
}

/**
 * Shifts the centres and scales the sides of boxes cxcywh `[N, 4]` in 0..1, uniformly within the noise. As in the
 * reference, the four numbers are clamped to 0..1, not the corners: a box may extend past the image's edge, and a
 * `sizeNoise` of 1 or more may leave a side of 0.
 */
export function jitterBoxes(
  boxes: Float32Array,
  { centerNoise, sizeNoise }: BoxNoise,
  noise: NoiseSource,
): Float32Array {
  const noised = boxes.slice();
  if (centerNoise === 0 && sizeNoise === 0) return noised;
  const drawn = new Float32Array(boxes.length);
  noise.uniform(drawn);
  const [centerScale, sizeScale] = [Math.fround(centerNoise), Math.fround(sizeNoise)];
  for (let i = 0; i < boxes.length; i += 4) {
    for (let axis = 0; axis < 2; axis++) {
      const center = i + axis;
      const side = center + 2;
      const extent = boxes[side] as number;
      // Rounded after every product (halves are exact), like float32 tensors: a side that all but vanishes has no
      // digits to spare.
      const shift = Math.fround(Math.fround(signed(drawn, center) * 0.5 * extent) * centerScale);
      const growth = Math.fround(Math.fround(signed(drawn, side) * extent) * sizeScale);
      noised[center] = clamp01((boxes[center] as number) + shift);
      noised[side] = clamp01(extent + growth);
    }
  }
  return noised;
}

/** Maps [0, 1) to [−1, 1). */
function signed(uniform: Float32Array, i: number): number {
  return 2 * (uniform[i] as number) - 1;
}

function clamp01(value: number): number {
  return Math.min(Math.max(value, 0), 1);
}
