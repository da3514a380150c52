/**
 * Conversions between box formats. A box is four consecutive numbers; arrays of N boxes are `[N, 4]`, row-major.
 *
 * - cxcywh: centre x, centre y, width, height; the format of models and targets, in 0..1 of the image.
 * - xyxy: left, top, right, bottom.
 *
 * Every function writes into `out` and returns it; `out` may be the input itself.
 */

/**
 * Converts boxes `[N, 4]` from cxcywh to xyxy.
 *
 * @throws RangeError if the lengths are not a multiple of 4 or differ
 */
export function cxcywhToXyxy(boxes: Float32Array, out: Float32Array = new Float32Array(boxes.length)): Float32Array {
  checkBoxes(boxes, out);
  for (let i = 0; i < boxes.length; i += 4) {
    const cx = boxes[i] as number;
    const cy = boxes[i + 1] as number;
    const halfWidth = 0.5 * (boxes[i + 2] as number);
    const halfHeight = 0.5 * (boxes[i + 3] as number);
    out[i] = cx - halfWidth;
    out[i + 1] = cy - halfHeight;
    out[i + 2] = cx + halfWidth;
    out[i + 3] = cy + halfHeight;
  }
  return out;
}

/**
 * Converts boxes `[N, 4]` from xyxy to cxcywh. A box with swapped corners gets a negative extent.
 *
 * @throws RangeError if the lengths are not a multiple of 4 or differ
 */
export function xyxyToCxcywh(boxes: Float32Array, out: Float32Array = new Float32Array(boxes.length)): Float32Array {
  checkBoxes(boxes, out);
  for (let i = 0; i < boxes.length; i += 4) {
    const x0 = boxes[i] as number;
    const y0 = boxes[i + 1] as number;
    const x1 = boxes[i + 2] as number;
    const y1 = boxes[i + 3] as number;
    out[i] = (x0 + x1) / 2;
    out[i + 1] = (y0 + y1) / 2;
    out[i + 2] = x1 - x0;
    out[i + 3] = y1 - y0;
  }
  return out;
}

/**
 * Converts boxes `[N, 4]` in 0..1 to pixels of an image of the given size, in either format: x and width are multiplied
 * by `width`, y and height by `height`.
 *
 * @throws RangeError if the lengths are not a multiple of 4 or differ
 */
export function toAbsolute(
  boxes: Float32Array,
  width: number,
  height: number,
  out: Float32Array = new Float32Array(boxes.length),
): Float32Array {
  checkBoxes(boxes, out);
  for (let i = 0; i < boxes.length; i += 2) {
    out[i] = (boxes[i] as number) * width;
    out[i + 1] = (boxes[i + 1] as number) * height;
  }
  return out;
}

/**
 * Converts boxes `[N, 4]` in pixels of an image of the given size to 0..1, in either format: the inverse of
 * `toAbsolute`.
 *
 * @throws RangeError if the lengths are not a multiple of 4 or differ
 */
export function toNormalized(
  boxes: Float32Array,
  width: number,
  height: number,
  out: Float32Array = new Float32Array(boxes.length),
): Float32Array {
  checkBoxes(boxes, out);
  for (let i = 0; i < boxes.length; i += 2) {
    out[i] = (boxes[i] as number) / width;
    out[i + 1] = (boxes[i + 1] as number) / height;
  }
  return out;
}

/**
 * Clips xyxy boxes `[N, 4]` to an image: x to 0..`width`, y to 0..`height` (both 1 for normalised boxes). A box outside
 * the image collapses onto its border.
 *
 * @throws RangeError if the lengths are not a multiple of 4 or differ
 */
export function clipBoxes(
  boxes: Float32Array,
  width: number,
  height: number,
  out: Float32Array = new Float32Array(boxes.length),
): Float32Array {
  checkBoxes(boxes, out);
  for (let i = 0; i < boxes.length; i += 2) {
    out[i] = Math.min(Math.max(boxes[i] as number, 0), width);
    out[i + 1] = Math.min(Math.max(boxes[i + 1] as number, 0), height);
  }
  return out;
}

/** @throws RangeError unless both are `[N, 4]` with the same N */
function checkBoxes(boxes: Float32Array, out: Float32Array): void {
  if (boxes.length % 4 !== 0) {
    throw new RangeError(`boxes are four numbers each: expected a multiple of 4, got an array of ${boxes.length}`);
  }
  if (out.length !== boxes.length) {
    throw new RangeError(`expected an output of ${boxes.length} numbers like the boxes, got ${out.length}`);
  }
}
