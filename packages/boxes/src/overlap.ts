/**
 * Area, IoU and GIoU (Rezatofighi et al., CVPR 2019) of xyxy boxes `[N, 4]`, row-major.
 *
 * Every quotient has `epsilon` added to its denominator: 1e-6 as in DN-DETR and DINO (the default), where two
 * coinciding boxes without area give 0; or 0 as in DETR, where they give 0/0 = NaN.
 *
 * Corners are not checked: a box with swapped corners overlaps nothing, its area is the product of its signed extents,
 * and its GIoU is meaningless. Coordinates must be finite.
 *
 * Sources: `util/box_ops.py` of facebookresearch/detr and IDEA-Research/DN-DETR.
 *
 * Every function with `out` writes there and returns it; all throw a RangeError if a length does not fit.
 */

/** The value that DN-DETR adds to the denominators of IoU and GIoU. */
export const overlapEpsilon = 1e-6;

/** Areas `[N]` of xyxy boxes `[N, 4]`. */
export function boxArea(boxes: Float32Array, out?: Float32Array): Float32Array {
  const count = countBoxes(boxes);
  const areas = outputOf(count, out);
  for (let n = 0; n < count; n++) areas[n] = areaAt(boxes, 4 * n);
  return areas;
}

/** Areas of the unions of every box of a `[N, 4]` with every box of b `[M, 4]`: `[N, M]`. */
export function pairwiseUnion(a: Float32Array, b: Float32Array, out?: Float32Array): Float32Array {
  // Each function has its own loop: a call of an overlap function passed as an argument could not be inlined.
  const [rows, columns] = [countBoxes(a), countBoxes(b)];
  const values = outputOf(rows * columns, out);
  for (let n = 0, at = 0; n < rows; n++) {
    for (let m = 0; m < columns; m++) values[at++] = unionOf(a, 4 * n, b, 4 * m, intersectionAt(a, 4 * n, b, 4 * m));
  }
  return values;
}

/** IoU of every box of a `[N, 4]` with every box of b `[M, 4]`: `[N, M]`. */
export function pairwiseIou(
  a: Float32Array,
  b: Float32Array,
  epsilon: number = overlapEpsilon,
  out?: Float32Array,
): Float32Array {
  const [rows, columns] = [countBoxes(a), countBoxes(b)];
  const values = outputOf(rows * columns, out);
  for (let n = 0, at = 0; n < rows; n++) {
    for (let m = 0; m < columns; m++) values[at++] = iouAt(a, 4 * n, b, 4 * m, epsilon);
  }
  return values;
}

/** GIoU of every box of a `[N, 4]` with every box of b `[M, 4]`: `[N, M]`, in −1..1. */
export function pairwiseGiou(
  a: Float32Array,
  b: Float32Array,
  epsilon: number = overlapEpsilon,
  out?: Float32Array,
): Float32Array {
  const [rows, columns] = [countBoxes(a), countBoxes(b)];
  const values = outputOf(rows * columns, out);
  for (let n = 0, at = 0; n < rows; n++) {
    for (let m = 0; m < columns; m++) values[at++] = giouAt(a, 4 * n, b, 4 * m, epsilon);
  }
  return values;
}

/** IoU of each box of a `[N, 4]` with its counterpart in b `[N, 4]`: `[N]`. */
export function elementwiseIou(
  a: Float32Array,
  b: Float32Array,
  epsilon: number = overlapEpsilon,
  out?: Float32Array,
): Float32Array {
  return elementwise(a, b, epsilon, out, iouAt);
}

/** GIoU of each box of a `[N, 4]` with its counterpart in b `[N, 4]`: `[N]`, in −1..1. */
export function elementwiseGiou(
  a: Float32Array,
  b: Float32Array,
  epsilon: number = overlapEpsilon,
  out?: Float32Array,
): Float32Array {
  return elementwise(a, b, epsilon, out, giouAt);
}

/** IoU of two single boxes: the one that starts at `a[i]` and the one that starts at `b[j]`. */
export function iouAt(a: Float32Array, i: number, b: Float32Array, j: number, epsilon: number): number {
  const intersection = intersectionAt(a, i, b, j);
  return intersection / (unionOf(a, i, b, j, intersection) + epsilon);
}

/** GIoU of two single boxes: the one that starts at `a[i]` and the one that starts at `b[j]`. */
export function giouAt(a: Float32Array, i: number, b: Float32Array, j: number, epsilon: number): number {
  // Written without calls so that compilers keep everything in registers: this is the inner loop of every matching.
  const left = a[i] as number;
  const top = a[i + 1] as number;
  const right = a[i + 2] as number;
  const bottom = a[i + 3] as number;
  const otherLeft = b[j] as number;
  const otherTop = b[j + 1] as number;
  const otherRight = b[j + 2] as number;
  const otherBottom = b[j + 3] as number;
  const width = right - left;
  const height = bottom - top;
  const otherWidth = otherRight - otherLeft;
  const otherHeight = otherBottom - otherTop;
  const gapX = Math.abs(left - otherLeft) + Math.abs(right - otherRight);
  const gapY = Math.abs(top - otherTop) + Math.abs(bottom - otherBottom);
  const intersection = positive(0.5 * (width + otherWidth - gapX)) * positive(0.5 * (height + otherHeight - gapY));
  const hull = positive(0.5 * (width + otherWidth + gapX)) * positive(0.5 * (height + otherHeight + gapY));
  const union = width * height + otherWidth * otherHeight - intersection;
  return intersection / (union + epsilon) - (hull - union) / (hull + epsilon);
}

type Overlap = (a: Float32Array, i: number, b: Float32Array, j: number, epsilon: number) => number;

function elementwise(
  a: Float32Array,
  b: Float32Array,
  epsilon: number,
  out: Float32Array | undefined,
  overlap: Overlap,
): Float32Array {
  const count = countBoxes(a);
  if (countBoxes(b) !== count) {
    throw new RangeError(`expected as many boxes on both sides, got ${count} and ${b.length / 4}`);
  }
  const values = outputOf(count, out);
  for (let n = 0; n < count; n++) values[n] = overlap(a, 4 * n, b, 4 * n, epsilon);
  return values;
}

function areaAt(boxes: Float32Array, i: number): number {
  return ((boxes[i + 2] as number) - (boxes[i] as number)) * ((boxes[i + 3] as number) - (boxes[i + 1] as number));
}

// Minima and maxima of coordinates are branches that a processor cannot predict, and take three times as long as
// absolute values: min(a1, b1) - max(a0, b0) is half of (a1 - a0) + (b1 - b0) - |a0 - b0| - |a1 - b1|, and with both
// signs reversed it is max(a1, b1) - min(a0, b0).
function intersectionAt(a: Float32Array, i: number, b: Float32Array, j: number): number {
  return positive(sharedExtent(a, i, b, j)) * positive(sharedExtent(a, i + 1, b, j + 1));
}

/** How far two boxes overlap along one axis, with coordinates at `a[i]`, `a[i + 2]`, `b[j]` and `b[j + 2]`. */
function sharedExtent(a: Float32Array, i: number, b: Float32Array, j: number): number {
  const a0 = a[i] as number;
  const a1 = a[i + 2] as number;
  const b0 = b[j] as number;
  const b1 = b[j + 2] as number;
  return 0.5 * (a1 - a0 + (b1 - b0) - Math.abs(a0 - b0) - Math.abs(a1 - b1));
}

/** `max(x, 0)`. */
const positive = (x: number): number => 0.5 * (x + Math.abs(x));

function unionOf(a: Float32Array, i: number, b: Float32Array, j: number, intersection: number): number {
  return areaAt(a, i) + areaAt(b, j) - intersection;
}

function countBoxes(boxes: Float32Array): number {
  if (boxes.length % 4 === 0) return boxes.length / 4;
  throw new RangeError(`boxes are four numbers each: expected a multiple of 4, got an array of ${boxes.length}`);
}

function outputOf(count: number, out: Float32Array = new Float32Array(count)): Float32Array {
  if (out.length === count) return out;
  throw new RangeError(`expected an output of ${count} numbers, got ${out.length}`);
}
