/** The terms of a matching cost, and the costs of the papers. */
import { type Objects, overlapEpsilon } from '@dn-detr/boxes';
import type { ClassCost } from './class-cost.ts';
import type { QueryPredictions } from './predictions.ts';

/** The sum of the absolute differences of cx, cy, width and height. */
export interface L1Cost {
  readonly kind: 'l1';
  readonly weight: number;
}

/** Minus the generalised IoU of the boxes. */
export interface GiouCost {
  readonly kind: 'giou';
  readonly weight: number;
  /** Added to the denominators of IoU and GIoU; at least 0. With 0, the GIoU of two boxes without area is undefined. */
  readonly epsilon: number;
}

/** A cost of your own. */
export interface CustomCost {
  /** Name of the term, for messages. */
  readonly name: string;
  readonly weight: number;
  /**
   * Writes the costs of one image in one layer.
   *
   * @param predictions must not be changed; if costs that are not finite are replaced, they may contain non-finite
   *   numbers
   * @param objects the objects of the image, one or more; they have been checked
   * @param out `[G, Q]`: the cost of query q with object g belongs at `g * predictions.queries + q`; initially zeros
   */
  cost(predictions: QueryPredictions, objects: Objects, out: Float64Array): void;
}

/** A term of a matching cost. */
export type CostTerm = ClassCost | L1Cost | GiouCost | CustomCost;

/**
 * The sum of `weight` × cost over all terms, in the order of the list. A list without a class term matches by boxes
 * only and reads no logits; labels must be classes nevertheless.
 */
export type MatchingCost = readonly CostTerm[];

/** The costs of the papers: DETR (Carion et al., ECCV 2020), and DN-DETR (Li et al., CVPR 2022). */
export const matchingCosts = {
  detr: [
    { kind: 'softmax', weight: 1 },
    { kind: 'l1', weight: 5 },
    { kind: 'giou', weight: 2, epsilon: 0 },
  ],
  dnDetr: [
    { kind: 'focal', alpha: 0.25, gamma: 2, weight: 2 },
    { kind: 'l1', weight: 5 },
    { kind: 'giou', weight: 2, epsilon: overlapEpsilon },
  ],
  /** Deformable DETR: the `cost_*` options of its `main.py`, without an epsilon in GIoU. */
  deformableDetr: [
    { kind: 'focal', alpha: 0.25, gamma: 2, weight: 2 },
    { kind: 'l1', weight: 5 },
    { kind: 'giou', weight: 2, epsilon: 0 },
  ],
} as const satisfies Record<string, MatchingCost>;

/** Distinguishes custom terms from those that have a kind. */
export const isCustom = (term: CostTerm): term is CustomCost => 'cost' in term;

/** Name of a term in messages, such as `the giou cost`. */
export const termName = (term: CostTerm): string => `the ${isCustom(term) ? term.name : term.kind} cost`;

/**
 * Checks the terms of a matching cost.
 *
 * @throws RangeError naming the term if it is invalid, a number is not finite, or an epsilon or gamma is negative; also
 *   if there are no terms, or fewer logits than classes for a class term
 */
export function checkCost(
  cost: MatchingCost,
  { numLogits, numClasses }: Pick<QueryPredictions, 'numLogits' | 'numClasses'>,
): void {
  if (!Array.isArray(cost) || cost.length === 0) {
    throw new RangeError(
      `expected a list of one or more cost terms, got ${Array.isArray(cost) ? 'none' : typeof cost}`,
    );
  }
  for (const [index, term] of (cost as MatchingCost).entries()) {
    const problem = termProblem(term) ?? logitsProblem(term, numLogits, numClasses);
    if (problem !== undefined) throw new RangeError(`cost term ${index}: ${problem}`);
  }
}

function termProblem(term: CostTerm): string | undefined {
  const finite = (name: string, value: number, least = Number.NEGATIVE_INFINITY): string | undefined => {
    if (Number.isFinite(value) && value >= least) return undefined;
    const expected = least === 0 ? 'a number of 0 or more' : 'a finite number';
    return `expected ${expected} as ${name} of ${termName(term)}, got ${value}`;
  };
  if (typeof term !== 'object' || term === null) return `expected an object with kind or name, got ${term}`;
  if (isCustom(term)) {
    if (typeof term.cost === 'function') return finite('weight', term.weight);
    return `expected a function as cost of ${termName(term)}, got ${typeof term.cost}`;
  }
  switch (term.kind) {
    case 'softmax':
    case 'l1':
      return finite('weight', term.weight);
    case 'focal':
      return finite('weight', term.weight) ?? finite('alpha', term.alpha) ?? finite('gamma', term.gamma, 0);
    case 'giou':
      return finite('weight', term.weight) ?? finite('epsilon', term.epsilon, 0);
    default: {
      const { kind } = term as { kind: unknown };
      return `expected a kind among softmax, focal, l1 and giou, or a function \`cost\` of your own; got kind ${kind}`;
    }
  }
}

function logitsProblem(term: CostTerm, numLogits: number, numClasses: number): string | undefined {
  const readsLogits = !isCustom(term) && (term.kind === 'softmax' || term.kind === 'focal');
  if (!readsLogits || numLogits >= numClasses) return undefined;
  return `${termName(term)} looks at a logit of each class, but there are ${numLogits} logits for ${numClasses} classes`;
}
