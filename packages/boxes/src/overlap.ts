/**
 * Area, IoU and GIoU (Rezatofighi et al., CVPR 2019) of xyxy boxes `[N, 4]`, row-major.
 *
 * Every quotient has `epsilon` added to its denominator: 1e-6 as in DN-DETR and DINO (the default), where two coinciding
 * boxes without area give 0; or 0 as in DETR, where they give 0/0 = NaN.
 *
 * Nothing is asserted about the corners: a box with swapped corners overlaps nothing, and its area is the product of its
 * signed extents. Sources: `util/box_ops.py` of facebookresearch/detr and IDEA-Research/DN-DETR.
 *
 * Every function with `out` writes there and returns it; all throw a RangeError if a length does not fit.
 */

/** What DN-DETR adds to the denominators of IoU and GIoU. */
export const overlapEpsilon = 1e-6;

/** Areas `[N]` of boxes `[N, 4]`. */
export function boxArea(boxes: Float32Array, out?: Float32Array): Float32Array {
  const count = countBoxes(boxes);
  const areas = outputOf(count, out);
  for (let n = 0; n < count; n++) areas[n] = areaAt(boxes, 4 * n);
  return areas;
}

/** Areas of the unions of every box of a `[N, 4]` with every box of b `[M, 4]`: `[N, M]`. */
export function pairwiseUnion(a: Float32Array, b: Float32Array, out?: Float32Array): Float32Array {
  return pairwise(a, b, 0, out, (boxesA, i, boxesB, j) =>
    unionOf(boxesA, i, boxesB, j, intersectionAt(boxesA, i, boxesB, j)),
  );
}

/** IoU of every box of a `[N, 4]` with every box of b `[M, 4]`: `[N, M]`. */
export function pairwiseIou(
  a: Float32Array,
  b: Float32Array,
  epsilon: number = overlapEpsilon,
  out?: Float32Array,
): Float32Array {
  return pairwise(a, b, epsilon, out, iouAt);
}

/** GIoU of every box of a `[N, 4]` with every box of b `[M, 4]`: `[N, M]`, in −1..1. */
export function pairwiseGiou(
  a: Float32Array,
  b: Float32Array,
  epsilon: number = overlapEpsilon,
  out?: Float32Array,
): Float32Array {
  return pairwise(a, b, epsilon, out, giouAt);
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

/** IoU of two single boxes: the one that starts at `a[i]` with the one that starts at `b[j]`. */
export function iouAt(a: Float32Array, i: number, b: Float32Array, j: number, epsilon: number): number {
  const intersection = intersectionAt(a, i, b, j);
  return intersection / (unionOf(a, i, b, j, intersection) + epsilon);
}

/** GIoU of two single boxes: the one that starts at `a[i]` with the one that starts at `b[j]`. */
export function giouAt(a: Float32Array, i: number, b: Float32Array, j: number, epsilon: number): number {
  const intersection = intersectionAt(a, i, b, j);
  const union = unionOf(a, i, b, j, intersection);
  const width = Math.max(a[i + 2] as number, b[j + 2] as number) - Math.min(a[i] as number, b[j] as number);
  const height = Math.max(a[i + 3] as number, b[j + 3] as number) - Math.min(a[i + 1] as number, b[j + 1] as number);
  const hull = Math.max(width, 0) * Math.max(height, 0);
  return intersection / (union + epsilon) - (hull - union) / (hull + epsilon);
}

type Overlap = (a: Float32Array, i: number, b: Float32Array, j: number, epsilon: number) => number;

function pairwise(
  a: Float32Array,
  b: Float32Array,
  epsilon: number,
  out: Float32Array | undefined,
  overlap: Overlap,
): Float32Array {
  const [rows, columns] = [countBoxes(a), countBoxes(b)];
  const values = outputOf(rows * columns, out);
  let at = 0;
  for (let n = 0; n < rows; n++) {
    for (let m = 0; m < columns; m++) values[at++] = overlap(a, 4 * n, b, 4 * m, epsilon);
  }
  return values;
}

function elementwise(
  a: Float32Array,
  b: Float32Array,
  epsilon: number,
  out: Float32Array | undefined,
  overlap: Overlap,
): Float32Array {
  const count = countBoxes(a);
  if (countBoxes(b) !== count)
    throw new RangeError(`expected as many boxes on both sides, got ${count} and ${b.length / 4}`);
  const values = outputOf(count, out);
  for (let n = 0; n < count; n++) values[n] = overlap(a, 4 * n, b, 4 * n, epsilon);
  return values;
}

function areaAt(boxes: Float32Array, i: number): number {
  return ((boxes[i + 2] as number) - (boxes[i] as number)) * ((boxes[i + 3] as number) - (boxes[i + 1] as number));
}

function intersectionAt(a: Float32Array, i: number, b: Float32Array, j: number): number {
  const width = Math.min(a[i + 2] as number, b[j + 2] as number) - Math.max(a[i] as number, b[j] as number);
  const height = Math.min(a[i + 3] as number, b[j + 3] as number) - Math.max(a[i + 1] as number, b[j + 1] as number);
  return Math.max(width, 0) * Math.max(height, 0);
}

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
