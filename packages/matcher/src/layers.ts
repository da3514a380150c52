/** Matches all decoder layers and images of a batch in one call. */
import { checkObjects, type Objects } from '@dn-detr/boxes';
import { type Assignment, type AssignmentSolver, linearSumAssignment } from './assignment.ts';
import { objectCosts } from './cost.ts';
import { checkCost, type MatchingCost } from './cost-terms.ts';
import { type NonFiniteOptions, Replacements } from './non-finite.ts';
import { checkPredictions, type LayerPredictions } from './predictions.ts';

/** Options of `matchLayers`: the handling of numbers that are not finite, and the solver. */
export interface MatchOptions extends NonFiniteOptions {
  /** Solver of the assignment. @defaultValue 'jonker-volgenant' */
  readonly solver?: AssignmentSolver;
}

/** The object of every query, in all layers and images. */
export interface LayerMatches {
  readonly layers: number;
  readonly batch: number;
  readonly queries: number;
  /** `[L, B, Q]`: index of the image's object that a query is matched with, or -1. */
  readonly objects: Int32Array;
  /** Objects left over in images that have more objects than there are queries. */
  readonly unmatched: readonly UnmatchedObjects[];
  /** Number of costs that were not finite and were replaced. */
  readonly replacedCosts: number;
}

/** Objects of an image for which no query was left. */
export interface UnmatchedObjects {
  readonly layer: number;
  readonly image: number;
  /** Indices of the objects, ascending. */
  readonly objects: readonly number[];
}

/**
 * Matches queries with objects, separately for each layer and image: `min(Q, G)` pairs with the lowest total cost. An
 * image without objects takes no time, and its predictions are not examined. If there are more objects than queries,
 * the Q that fit best are matched.
 *
 * @param objects the objects of each image, `[B]`
 * @param cost for example `matchingCosts.dnDetr`
 * @throws PredictionError if a prediction or a cost is not finite, unless such costs are to be replaced
 * @throws ObjectsError if the objects are invalid, see `checkObjects` of `@dn-detr/boxes`
 * @throws RangeError if a length does not fit, or a term of the cost is invalid
 */
export function matchLayers(
  predictions: LayerPredictions,
  objects: readonly Objects[],
  cost: MatchingCost,
  { solver, ...nonFinite }: MatchOptions = {},
): LayerMatches {
  const { logits, boxes, layers, batch, queries, numLogits, numClasses } = predictions;
  checkPredictions(predictions, { layers, batch });
  checkCost(cost, predictions);
  if (objects.length !== batch) {
    throw new RangeError(`expected the objects of ${batch} images, got those of ${objects.length}`);
  }
  let most = 0;
  for (const [image, found] of objects.entries()) {
    checkObjects(found, { numClasses, image });
    most = Math.max(most, found.labels.length);
  }

  const replacements = new Replacements(nonFinite);
  const matched = new Int32Array(layers * batch * queries).fill(-1);
  const unmatched: UnmatchedObjects[] = [];
  // Rows are objects, columns are queries.
  const pairs: Assignment = {
    rows: new Int32Array(Math.min(most, queries)),
    cols: new Int32Array(Math.min(most, queries)),
  };
  const options = { out: pairs, ...(solver === undefined ? {} : { solver }) };
  for (let layer = 0; layer < layers; layer++) {
    for (const [image, found] of objects.entries()) {
      const count = found.labels.length;
      if (count === 0) continue;
      const first = (layer * batch + image) * queries;
      const ofImage = {
        logits: logits.subarray(first * numLogits, (first + queries) * numLogits),
        boxes: boxes.subarray(first * 4, (first + queries) * 4),
        ...{ queries, numLogits, numClasses },
      };
      const costs = objectCosts(ofImage, found, cost, replacements, { layer, image });
      linearSumAssignment(costs, count, queries, options);
      for (let k = 0; k < Math.min(count, queries); k++) {
        matched[first + (pairs.cols[k] as number)] = pairs.rows[k] as number;
      }
      if (count > queries) unmatched.push({ layer, image, objects: missingFrom(pairs.rows, count) });
    }
  }
  replacements.warn();
  return { layers, batch, queries, objects: matched, unmatched, replacedCosts: replacements.count };
}

/** The numbers below `count` that are not in `matched`. */
function missingFrom(matched: Int32Array, count: number): number[] {
  const taken = new Set(matched);
  return Array.from({ length: count }, (_, object) => object).filter((object) => !taken.has(object));
}
