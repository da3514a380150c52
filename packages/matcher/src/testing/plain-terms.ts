/** The terms of the papers, computed from their formulas in float64, one cost at a time. */
import { cxcywhToXyxy, giouAt, type Objects } from '@dn-detr/boxes';
import type { ClassCost } from '../class-cost.ts';
import type { CostTerm, CustomCost } from '../cost-terms.ts';
import type { QueryPredictions } from '../predictions.ts';

export type BuiltInTerm = Exclude<CostTerm, CustomCost>;

/** The unweighted cost of query q with object g. */
export function plainTerm(
  { logits, boxes, numLogits }: QueryPredictions,
  objects: Objects,
  term: BuiltInTerm,
  q: number,
  g: number,
): number {
  const a = boxes.slice(4 * q, 4 * q + 4);
  const b = Float32Array.from(objects.boxes).slice(4 * g, 4 * g + 4);
  switch (term.kind) {
    case 'l1':
      return a.reduce((sum, value, k) => sum + Math.abs(value - (b[k] as number)), 0);
    case 'giou':
      return -giouAt(cxcywhToXyxy(a), 0, cxcywhToXyxy(b), 0, term.epsilon);
    default:
      return plainClassTerm(
        [...logits.subarray(q * numLogits, (q + 1) * numLogits)],
        objects.labels[g] as number,
        term,
      );
  }
}

function plainClassTerm(row: number[], label: number, term: ClassCost): number {
  const logit = row[label] as number;
  if (term.kind === 'softmax') return -Math.exp(logit) / row.reduce((sum, other) => sum + Math.exp(other), 0);
  const { alpha, gamma } = term;
  const p = 1 / (1 + Math.exp(-logit));
  return alpha * (1 - p) ** gamma * -Math.log(p + 1e-8) - (1 - alpha) * p ** gamma * -Math.log(1 - p + 1e-8);
}

/** A built-in term as a user would write it. */
export const asCustom = (term: BuiltInTerm): CustomCost => ({
  name: `plain ${term.kind}`,
  weight: term.weight,
  cost: (predictions, objects, out) => {
    for (let g = 0; g < objects.labels.length; g++) {
      for (let q = 0; q < predictions.queries; q++) {
        out[g * predictions.queries + q] = plainTerm(predictions, objects, term, q, g);
      }
    }
  },
});
