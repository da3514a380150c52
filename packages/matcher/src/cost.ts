/** The cost of matching queries with objects: a class term, L1 and GIoU of the boxes. */
import { checkObjects, cxcywhToXyxy, giouAt, type Objects, overlapEpsilon } from '@dn-detr/boxes';
import { type ClassCost, checkClassCost, objectClasses, writeClassCosts } from './class-cost.ts';
import {
  describeNonFinite,
  type NonFiniteOptions,
  nonFiniteQueries,
  type Place,
  Replacements,
  replacementCost,
} from './non-finite.ts';
import type { QueryPredictions } from './predictions.ts';

/** `weights.class` x class cost + `weights.l1` x L1 of the cxcywh boxes - `weights.giou` x GIoU. */
export interface MatchingCost {
  readonly classCost: ClassCost;
  readonly weights: { readonly class: number; readonly l1: number; readonly giou: number };
  /** added to the denominators of IoU and GIoU */
  readonly giouEpsilon: number;
}

/** The costs of the papers: DETR (Carion et al., ECCV 2020), and DN-DETR (Li et al., CVPR 2022). */
export const matchingCosts = {
  detr: { classCost: { kind: 'softmax' }, weights: { class: 1, l1: 5, giou: 2 }, giouEpsilon: 0 },
  dnDetr: {
    classCost: { kind: 'focal', alpha: 0.25, gamma: 2 },
    weights: { class: 2, l1: 5, giou: 2 },
    giouEpsilon: overlapEpsilon,
  },
} as const satisfies Record<string, MatchingCost>;

export interface MatchingCostOptions extends NonFiniteOptions {
  /** receives the costs, `[Q, G]`; without it they are in a new Float32Array */
  readonly out?: Float32Array | Float64Array;
}

/**
 * The cost of every query with every object of one image, in one layer, as `models/matcher.py` of facebookresearch/detr
 * and IDEA-Research/DN-DETR compute it: class terms to 1e-7, as exponentials and logarithms come from tables; corners are rounded to
 * float32, as in the reference.
 *
 * @param cost such as `matchingCosts.dnDetr`
 * @returns the costs `[Q, G]`, in `out` if given, and how many of them were replaced
 * @throws PredictionError if a prediction is not finite, unless such costs are to be replaced
 * @throws ObjectsError if the objects are not in order, see `checkObjects` of `@dn-detr/boxes`
 * @throws RangeError if a length does not fit, or the settings of the cost are not finite
 */
export function matchingCost(
  predictions: QueryPredictions,
  objects: Objects,
  cost: MatchingCost,
  { out, ...nonFinite }: MatchingCostOptions = {},
): { cost: Float32Array | Float64Array; replacedCosts: number } {
  checkCost(cost);
  const queries = predictions.boxes.length / 4;
  const classes = queries === 0 ? 0 : predictions.logits.length / queries;
  if (!Number.isInteger(queries) || !Number.isInteger(classes) || (queries === 0 && predictions.logits.length > 0)) {
    const found = `${predictions.logits.length} and ${predictions.boxes.length} numbers`;
    throw new RangeError(`expected logits [Q, C] and boxes [Q, 4] of one number of queries, got ${found}`);
  }
  if (queries > 0) checkObjects(objects, { numClasses: objectClasses(cost.classCost, classes) });
  const count = objects.labels.length;
  const result = out ?? new Float32Array(queries * count);
  if (result.length !== queries * count) {
    throw new RangeError(`expected an output of ${queries} x ${count} costs, got one of ${result.length}`);
  }
  const replacements = new Replacements(nonFinite);
  const costs = objectCosts(predictions, queries, classes, objects, cost, replacements);
  for (let q = 0; q < queries; q++) {
    for (let g = 0; g < count; g++) result[q * count + g] = costs[g * queries + q] as number;
  }
  replacements.warn();
  return { cost: result, replacedCosts: replacements.count };
}

/** @throws RangeError if there is no such class cost, a number is not finite, or the epsilon or gamma is negative */
export function checkCost({ classCost, weights, giouEpsilon }: MatchingCost): void {
  checkClassCost(classCost);
  for (const name of ['class', 'l1', 'giou'] as const) {
    if (!Number.isFinite(weights[name])) {
      throw new RangeError(`expected a finite weights.${name}, got ${weights[name]}`);
    }
  }
  if (!(Number.isFinite(giouEpsilon) && giouEpsilon >= 0)) {
    throw new RangeError(`expected a giouEpsilon of 0 or more, got ${giouEpsilon}`);
  }
}

// The workspace of `objectCosts`; it grows to the largest image seen and is used again.
let costs = new Float64Array(0);
let classCosts = new Float64Array(0);
let corners = new Float32Array(0);
let objectCorners = new Float32Array(0);

/**
 * The costs of one image and layer with objects as rows, `[G, Q]`, which is how the solver wants them.
 *
 * @param objects have been checked, as has the cost
 * @returns `[G, Q]`, in a workspace: valid until the next call
 * @throws PredictionError if a prediction is not finite and `replacements` does not allow that
 */
export function objectCosts(
  predictions: QueryPredictions,
  queries: number,
  classes: number,
  { labels, boxes: objectBoxes }: Objects,
  { classCost, weights, giouEpsilon }: MatchingCost,
  replacements: Replacements,
  place: Place = {},
): Float64Array {
  const { logits, boxes } = predictions;
  const count = labels.length;
  const invalid = nonFiniteQueries(predictions, queries, classes);
  for (const q of invalid) replacements.add(count, () => describeNonFinite(predictions, classes, q), place, q);

  // Every class that occurs is computed once, however many objects have it.
  const distinct = [...new Set(Array.from(labels))];
  if (costs.length < count * queries) {
    costs = new Float64Array(count * queries);
    classCosts = new Float64Array(count * queries);
  }
  writeClassCosts({ logits, queries, classes }, distinct, classCost, weights.class, classCosts);

  if (corners.length < boxes.length) corners = new Float32Array(boxes.length);
  if (objectCorners.length < objectBoxes.length) objectCorners = new Float32Array(objectBoxes.length);
  cxcywhToXyxy(boxes, corners.subarray(0, boxes.length));
  const ofObjects = objectCorners.subarray(0, objectBoxes.length);
  ofObjects.set(objectBoxes);
  cxcywhToXyxy(ofObjects, ofObjects);
  for (let g = 0; g < count; g++) {
    const row = g * queries;
    const classRow = distinct.indexOf(labels[g] as number) * queries;
    const total = writeBoxCosts(boxes, objectBoxes, g, queries, weights, giouEpsilon, row, classRow);
    if (!Number.isFinite(total)) replaceUndefined(row, queries, g, giouEpsilon, invalid, replacements, place);
  }
  for (const q of invalid) for (let g = 0; g < count; g++) costs[g * queries + q] = replacementCost;
  return costs.subarray(0, count * queries);
}

/** Adds the terms of the boxes to the class costs of object g: row g of `costs`. Returns the sum of the row. */
function writeBoxCosts(
  boxes: Float32Array,
  objectBoxes: ArrayLike<number>,
  g: number,
  queries: number,
  { l1: l1Weight, giou: giouWeight }: MatchingCost['weights'],
  giouEpsilon: number,
  row: number,
  classRow: number,
): number {
  const [target, classTerm, queryCorners, cornersOfObjects] = [costs, classCosts, corners, objectCorners];
  const cx = objectBoxes[4 * g] as number;
  const cy = objectBoxes[4 * g + 1] as number;
  const width = objectBoxes[4 * g + 2] as number;
  const height = objectBoxes[4 * g + 3] as number;
  let total = 0;
  for (let q = 0; q < queries; q++) {
    const l1 =
      Math.abs((boxes[4 * q] as number) - cx) +
      Math.abs((boxes[4 * q + 1] as number) - cy) +
      Math.abs((boxes[4 * q + 2] as number) - width) +
      Math.abs((boxes[4 * q + 3] as number) - height);
    const giou = giouAt(queryCorners, 4 * q, cornersOfObjects, 4 * g, giouEpsilon);
    const cost = (classTerm[classRow + q] as number) + l1Weight * l1 - giouWeight * giou;
    target[row + q] = cost;
    total += cost;
  }
  return total;
}

/**
 * Finite predictions have a cost that is not where GIoU divides by 0 (without an epsilon, for two boxes without area), or
 * where huge numbers overflow.
 *
 * @param invalid queries to leave alone, rising
 */
function replaceUndefined(
  row: number,
  queries: number,
  object: number,
  giouEpsilon: number,
  invalid: readonly number[],
  replacements: Replacements,
  place: Place,
): void {
  let next = 0;
  for (let q = 0; q < queries; q++) {
    if (invalid[next] === q) {
      next++;
      continue;
    }
    const cost = costs[row + q] as number;
    if (Number.isFinite(cost)) continue;
    const problem = () => {
      const giou = giouAt(corners, 4 * q, objectCorners, 4 * object, giouEpsilon);
      const isDivision =
        giouEpsilon === 0 && !Number.isFinite(giou) && corners.subarray(4 * q, 4 * q + 4).every(Number.isFinite);
      const reason = isDivision
        ? 'without an epsilon GIoU divides by 0'
        : 'its box, the object or a weight is too large';
      return `its cost with object ${object} is ${cost}, as ${reason}`;
    };
    replacements.add(1, problem, place, q);
    costs[row + q] = replacementCost;
  }
}
