/**
 * The contrastive noise of DINO (Zhang et al. 2022, section 3.3; `prepare_for_cdn` in `models/dino/dn_components.py`).
 */
import { clipBoxes, cxcywhToXyxy, xyxyToCxcywh } from '@dn-detr/boxes';
import type { NoiseSource } from './random.ts';

/**
 * Adds contrastive noise to boxes cxcywh `[N, 4]` in 0..1. Every corner coordinate moves in either direction, by less
 * than `boxNoise` times half the box's width or height for a positive, and by once to twice that for a negative. The
 * corners are then clamped to the image.
 *
 * As in the reference, corners that cross are not sorted: with `boxNoise` above 0.5 a negative may get a width or
 * height below 0 (which `inverseSigmoid` of `@dn-detr/boxes` treats as 0).
 *
 * @param negative `[N]`, 1 for negatives
 */
export function contrastiveBoxes(
  boxes: Float32Array,
  negative: Uint8Array,
  boxNoise: number,
  noise: NoiseSource,
): Float32Array {
  if (boxNoise === 0) return boxes.slice();
  const signs = new Int32Array(boxes.length);
  noise.integers(signs, 2);
  const parts = new Float32Array(boxes.length);
  noise.uniform(parts);
  const noised = cxcywhToXyxy(boxes);
  const scale = Math.fround(boxNoise);
  for (let i = 0; i < boxes.length; i += 4) {
    const nearest = negative[i / 4] as number;
    for (let corner = i; corner < i + 4; corner += 2) {
      for (let axis = 0; axis < 2; axis++) {
        const at = corner + axis;
        const extent = boxes[i + 2 + axis] as number;
        // Rounded after every operation, like float32 tensors: corners that almost meet have no digits to spare.
        const distance = Math.fround((parts[at] as number) + nearest);
        const shift = Math.fround(Math.fround(distance * 0.5 * extent) * scale);
        noised[at] = (noised[at] as number) + (signs[at] === 1 ? shift : -shift);
      }
    }
  }
  return xyxyToCxcywh(clipBoxes(noised, 1, 1, noised), noised);
}
