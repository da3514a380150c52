/** The cost of matching queries with objects, and the handling of costs that are not finite. */
import { checkObjects, type Objects } from '@dn-detr/boxes';
import { checkCost, isCustom, type MatchingCost, termName } from './cost-terms.ts';
import {
  describeNonFinite,
  type NonFiniteOptions,
  nonFiniteQueries,
  type Place,
  Replacements,
  replacementCost,
} from './non-finite.ts';
import { checkPredictions, type QueryPredictions } from './predictions.ts';
import { standardCost, standardCosts } from './standard-cost.ts';
import { termCosts, writeTerm } from './term-costs.ts';

/** Options of `matchingCost`: the handling of numbers that are not finite, and a buffer for the costs. */
export interface MatchingCostOptions extends NonFiniteOptions {
  /** Receives the costs, `[Q, G]`; a new Float32Array is made if left out. */
  readonly out?: Float32Array | Float64Array;
}

/**
 * Computes the cost of every query with every object of one image in one layer, like `models/matcher.py` of
 * facebookresearch/detr and IDEA-Research/DN-DETR. Class terms are accurate to 1e-7, because exponentials and
 * logarithms come from tables; corners are rounded to float32, as in the reference.
 *
 * @param cost for example `matchingCosts.dnDetr`
 * @returns the costs `[Q, G]`, in `out` if given, and how many of them were replaced
 * @throws PredictionError if a prediction or a cost is not finite, unless such costs are to be replaced
 * @throws ObjectsError if the objects are invalid, see `checkObjects` of `@dn-detr/boxes`
 * @throws RangeError if a length does not fit, or a term of the cost is invalid
 */
export function matchingCost(
  predictions: QueryPredictions,
  objects: Objects,
  cost: MatchingCost,
  { out, ...nonFinite }: MatchingCostOptions = {},
): { cost: Float32Array | Float64Array; replacedCosts: number } {
  checkPredictions(predictions);
  checkCost(cost, predictions);
  const { queries, numClasses } = predictions;
  checkObjects(objects, { numClasses });
  const count = objects.labels.length;
  const result = out ?? new Float32Array(queries * count);
  if (result.length !== queries * count) {
    throw new RangeError(`expected an output of ${queries} x ${count} costs, got one of ${result.length}`);
  }
  const replacements = new Replacements(nonFinite);
  if (count > 0) {
    const costs = objectCosts(predictions, objects, cost, replacements);
    for (let q = 0; q < queries; q++) {
      for (let g = 0; g < count; g++) result[q * count + g] = costs[g * queries + q] as number;
    }
  }
  replacements.warn();
  return { cost: result, replacedCosts: replacements.count };
}

/**
 * The costs of one image and layer with objects as rows, `[G, Q]`, which is the solver's orientation.
 *
 * @param objects one or more; they have been checked, as have the predictions and the cost
 * @returns `[G, Q]`, in a workspace that is valid until the next call
 * @throws PredictionError if a prediction or a cost is not finite and `replacements` does not allow that
 */
export function objectCosts(
  predictions: QueryPredictions,
  objects: Objects,
  cost: MatchingCost,
  replacements: Replacements,
  place: Place = {},
): Float64Array {
  const { queries } = predictions;
  const count = objects.labels.length;
  const invalid = nonFiniteQueries(predictions);
  for (const q of invalid) replacements.add(count, () => describeNonFinite(predictions, q), place, q);
  const standard = standardCost(cost);
  const { costs, total } = standard
    ? standardCosts(predictions, objects, standard)
    : termCosts(predictions, objects, cost);
  for (const q of invalid) for (let g = 0; g < count; g++) costs[g * queries + q] = replacementCost;
  if (Number.isFinite(total)) return costs;
  for (let e = 0; e < costs.length; e++) {
    const value = costs[e] as number;
    if (Number.isFinite(value)) continue;
    const [g, q] = [Math.floor(e / queries), e % queries];
    replacements.add(1, () => undefinedCost(predictions, objects, cost, g, q, value), place, q);
    costs[e] = replacementCost;
  }
  return costs;
}

/**
 * Explains why the cost of a query with an object is not finite although the prediction is: GIoU divides by 0 (for two
 * boxes without area, without an epsilon), huge numbers overflow, or a custom term gives a cost that is not finite.
 */
function undefinedCost(
  predictions: QueryPredictions,
  objects: Objects,
  cost: MatchingCost,
  g: number,
  q: number,
  value: number,
): string {
  const { boxes, queries } = predictions;
  const what = `its cost with object ${g} is ${value}, as`;
  const values = new Float64Array(objects.labels.length * queries);
  for (const term of cost) {
    writeTerm(predictions, objects, term, values);
    const ofTerm = values[g * queries + q] as number;
    if (Number.isFinite(ofTerm)) continue;
    if (isCustom(term)) return `${what} ${termName(term)} is ${ofTerm}`;
    // Smaller coordinates have finite corners in float32.
    const hasCorners = boxes.subarray(4 * q, 4 * q + 4).every((coordinate) => Math.abs(coordinate) < 1e38);
    if (term.kind === 'giou' && term.epsilon === 0 && hasCorners) return `${what} without an epsilon GIoU divides by 0`;
    return `${what} its box or the weight is too large for ${termName(term)}`;
  }
  return `${what} a weight is too large`;
}
