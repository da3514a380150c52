/** The costs of any list of terms: each term is computed separately and added. */
import type { Objects } from '@dn-detr/boxes';
import { writeGiouCosts, writeL1Costs } from './box-cost.ts';
import { writeClassCosts } from './class-cost.ts';
import { type CostTerm, isCustom, type MatchingCost } from './cost-terms.ts';
import type { QueryPredictions } from './predictions.ts';

/** The costs of one image in one layer. */
export interface Costs {
  /** Costs `[G, Q]`. */
  readonly costs: Float64Array;
  /** Their sum, which is not finite if one of them is not. */
  readonly total: number;
}

/** Computes the costs, summed in the order of the terms. */
export function termCosts(predictions: QueryPredictions, objects: Objects, cost: MatchingCost): Costs {
  // Not a shared workspace, because a custom term may itself call `matchingCost`.
  const costs = new Float64Array(objects.labels.length * predictions.queries);
  const values = new Float64Array(costs.length);
  let total = 0;
  for (const term of cost) {
    writeTerm(predictions, objects, term, values);
    for (let e = 0; e < costs.length; e++) {
      const value = values[e] as number;
      costs[e] = (costs[e] as number) + value;
      total += value;
    }
  }
  return { costs, total };
}

/** Writes the weighted costs of one term, `[G, Q]`, into `out`. */
export function writeTerm(predictions: QueryPredictions, objects: Objects, term: CostTerm, out: Float64Array): void {
  const { boxes, queries } = predictions;
  if (isCustom(term)) {
    out.fill(0);
    term.cost(predictions, objects, out);
    for (let e = 0; e < out.length; e++) out[e] = term.weight * (out[e] as number);
    return;
  }
  switch (term.kind) {
    case 'l1':
      writeL1Costs(boxes, objects.boxes, term, out);
      break;
    case 'giou':
      writeGiouCosts(boxes, objects.boxes, term, out);
      break;
    default: {
      const labels = Array.from(objects.labels);
      const distinct = [...new Set(labels)];
      const ofClasses = new Float64Array(distinct.length * queries);
      writeClassCosts(predictions, distinct, term, ofClasses);
      for (const [g, label] of labels.entries()) {
        const row = distinct.indexOf(label) * queries;
        out.set(ofClasses.subarray(row, row + queries), g * queries);
      }
    }
  }
}
