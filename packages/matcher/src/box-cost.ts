/** The box terms of the matching cost, for every object and query of one image. */
import { cxcywhToXyxy, giouAt } from '@dn-detr/boxes';
import type { GiouCost, L1Cost } from './cost-terms.ts';

/** Writes the weighted L1 costs `[G, Q]` into `out`. */
export function writeL1Costs(
  boxes: Float32Array,
  objectBoxes: ArrayLike<number>,
  { weight }: L1Cost,
  out: Float64Array,
): void {
  const [queries, count] = [boxes.length / 4, objectBoxes.length / 4];
  for (let g = 0; g < count; g++) {
    for (let q = 0; q < queries; q++) {
      let sum = 0;
      for (let k = 0; k < 4; k++) sum += Math.abs((boxes[4 * q + k] as number) - (objectBoxes[4 * g + k] as number));
      out[g * queries + q] = weight * sum;
    }
  }
}

/** Writes the weighted GIoU costs `[G, Q]` into `out`. */
export function writeGiouCosts(
  boxes: Float32Array,
  objectBoxes: ArrayLike<number>,
  { weight, epsilon }: GiouCost,
  out: Float64Array,
): void {
  const [queries, count] = [boxes.length / 4, objectBoxes.length / 4];
  const corners = cornersOf(boxes, objectBoxes);
  for (let g = 0; g < count; g++) {
    for (let q = 0; q < queries; q++) {
      out[g * queries + q] = -weight * giouAt(corners.ofQueries, 4 * q, corners.ofObjects, 4 * g, epsilon);
    }
  }
}

// The workspaces of `cornersOf`, which grow to the largest image so far and are reused.
let ofQueries = new Float32Array(0);
let ofObjects = new Float32Array(0);

/** The boxes as xyxy, rounded to float32 as in the references; valid until the next call. */
export function cornersOf(
  boxes: Float32Array,
  objectBoxes: ArrayLike<number>,
): { readonly ofQueries: Float32Array; readonly ofObjects: Float32Array } {
  if (ofQueries.length < boxes.length) ofQueries = new Float32Array(boxes.length);
  if (ofObjects.length < objectBoxes.length) ofObjects = new Float32Array(objectBoxes.length);
  cxcywhToXyxy(boxes, ofQueries.subarray(0, boxes.length));
  const objects = ofObjects.subarray(0, objectBoxes.length);
  objects.set(objectBoxes);
  cxcywhToXyxy(objects, objects);
  return { ofQueries, ofObjects };
}
