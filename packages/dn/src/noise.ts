/**
 * The noise of DN-DETR (Li et al. 2022, section 4.2; `prepare_for_dn` in `models/DN_DAB_DETR/dn_components.py`) on N
 * objects: flipped labels and jittered boxes.
 */
import type { NoiseSource } from './random.ts';

/** How labels are flipped. */
export interface LabelNoise {
  /** γ: how likely a label is drawn anew, 0..1 */
  readonly labelNoise: number;
  readonly numClasses: number;
  /**
   * Draw the new label from the other classes alone; a single class has no other, and its labels stay. The reference draws
   * from all classes, so that labels really change at a rate of γ (1 − 1/numClasses).
   */
  readonly excludeOwnClass: boolean;
}

/** Labels `[N]`, each replaced by a random class with probability `labelNoise`. */
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

/** How far DN-DETR's noise moves and scales boxes. */
export interface BoxNoise {
  /** λ1: the centre moves by at most this times half the width and half the height; below 1 it stays inside the box */
  readonly centerNoise: number;
  /** λ2: width and height change by at most this times themselves */
  readonly sizeNoise: number;
}

/**
 * Boxes cxcywh `[N, 4]` in 0..1 with the centre shifted and the sides scaled, uniformly within the noise. As in the
 * reference the four numbers are clamped to 0..1, not the corners: a box may reach over the image's edge, and a
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
      // Rounded after every product (halves are exact), as float32 tensors are: a side that all but vanishes has no
      // digits to spare.
      const shift = Math.fround(Math.fround(signed(drawn, center) * 0.5 * extent) * centerScale);
      const growth = Math.fround(Math.fround(signed(drawn, side) * extent) * sizeScale);
      noised[center] = clamp01((boxes[center] as number) + shift);
      noised[side] = clamp01(extent + growth);
    }
  }
  return noised;
}

/** From [0, 1) to [−1, 1). */
function signed(uniform: Float32Array, i: number): number {
  return 2 * (uniform[i] as number) - 1;
}

function clamp01(value: number): number {
  return Math.min(Math.max(value, 0), 1);
}
