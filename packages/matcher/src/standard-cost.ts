/** The papers' list of terms, class, L1 and GIoU, computed in one loop; nearly all training runs match with it. */
import { giouAt, type Objects } from '@dn-detr/boxes';
import { cornersOf } from './box-cost.ts';
import { type ClassCost, writeClassCosts } from './class-cost.ts';
import { type GiouCost, isCustom, type L1Cost, type MatchingCost } from './cost-terms.ts';
import type { QueryPredictions } from './predictions.ts';
import type { Costs } from './term-costs.ts';

/** The three terms of the papers' costs. */
export interface StandardCost {
  readonly classCost: ClassCost;
  readonly l1: L1Cost;
  readonly giou: GiouCost;
}

/** The three terms, if the list is one class term, L1 and GIoU in this order. */
export function standardCost(cost: MatchingCost): StandardCost | undefined {
  const [classCost, l1, giou] = cost;
  if (cost.length !== 3 || !classCost || !l1 || !giou) return undefined;
  if (isCustom(classCost) || isCustom(l1) || isCustom(giou)) return undefined;
  if (classCost.kind !== 'softmax' && classCost.kind !== 'focal') return undefined;
  return l1.kind === 'l1' && giou.kind === 'giou' ? { classCost, l1, giou } : undefined;
}

// The workspace of `standardCosts`, which grows to the largest image so far and is reused.
let costs = new Float64Array(0);
let classCosts = new Float64Array(0);

/**
 * The costs `[G, Q]`, identical to the last bit to those of `termCosts`.
 *
 * @returns costs in a workspace, valid until the next call
 */
export function standardCosts(
  predictions: QueryPredictions,
  { labels, boxes: objectBoxes }: Objects,
  { classCost, l1, giou }: StandardCost,
): Costs {
  const { boxes, queries } = predictions;
  const count = labels.length;
  if (costs.length < count * queries) {
    costs = new Float64Array(count * queries);
    classCosts = new Float64Array(count * queries);
  }
  // Each class that occurs is computed once, however many objects have it.
  const distinct = [...new Set(Array.from(labels))];
  writeClassCosts(predictions, distinct, classCost, classCosts);
  const { ofQueries, ofObjects } = cornersOf(boxes, objectBoxes);
  let total = 0;
  for (let g = 0; g < count; g++) {
    const classRow = distinct.indexOf(labels[g] as number) * queries;
    total += writeRow(boxes, objectBoxes, ofQueries, ofObjects, g, queries, classRow, l1.weight, giou);
  }
  return { costs: costs.subarray(0, count * queries), total };
}

/** Writes row g of `costs`, which is the class costs plus the box terms, and returns the sum of the row. */
function writeRow(
  boxes: Float32Array,
  objectBoxes: ArrayLike<number>,
  ofQueries: Float32Array,
  ofObjects: Float32Array,
  g: number,
  queries: number,
  classRow: number,
  l1Weight: number,
  { weight: giouWeight, epsilon }: GiouCost,
): number {
  const [target, classTerm] = [costs, classCosts];
  const row = g * queries;
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
    const giou = giouAt(ofQueries, 4 * q, ofObjects, 4 * g, epsilon);
    const cost = (classTerm[classRow + q] as number) + l1Weight * l1 - giouWeight * giou;
    target[row + q] = cost;
    total += cost;
  }
  return total;
}
