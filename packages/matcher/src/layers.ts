/** Matching all decoder layers and images of a batch in one call. */
import { checkObjects, type Objects } from '@dn-detr/boxes';
import { type Assignment, type AssignmentSolver, linearSumAssignment } from './assignment.ts';
import { objectClasses } from './class-cost.ts';
import { checkCost, type MatchingCost, objectCosts } from './cost.ts';
import { type NonFiniteOptions, Replacements } from './non-finite.ts';

/** What a model predicts for a batch in all its decoder layers, read back from the tensors. */
export interface LayerPredictions {
  /** `[L, B, Q, C]` */
  readonly logits: Float32Array;
  /** cxcywh in 0..1, `[L, B, Q, 4]` */
  readonly boxes: Float32Array;
  readonly layers: number;
  readonly batch: number;
  readonly queries: number;
  /** logits a query: with a softmax cost one more than there are classes of objects */
  readonly classes: number;
}

export interface MatchOptions extends NonFiniteOptions {
  readonly solver?: AssignmentSolver;
}

export interface LayerMatches {
  readonly layers: number;
  readonly batch: number;
  readonly queries: number;
  /** `[L, B, Q]`: the object of its image that a query is matched with, or -1 */
  readonly objects: Int32Array;
  /** where an image has more objects than there are queries: those left over */
  readonly unmatched: readonly UnmatchedObjects[];
  /** how many costs were not finite and were replaced */
  readonly replacedCosts: number;
}

export interface UnmatchedObjects {
  readonly layer: number;
  readonly image: number;
  /** rising */
  readonly objects: readonly number[];
}

/**
 * Matches queries with objects, for each layer and image apart: `min(Q, G)` pairs of the least total cost. An image
 * without objects takes no time, and its predictions are not looked at. Of more objects than queries, the Q that fit
 * best are matched.
 *
 * @param objects of each image, `[B]`
 * @param cost such as `matchingCosts.dnDetr`
 * @throws PredictionError if a prediction is not finite, unless such costs are to be replaced
 * @throws ObjectsError if the objects are not in order, see `checkObjects` of `@dn-detr/boxes`
 * @throws RangeError if a length does not fit, or the settings of the cost are not finite
 */
export function matchLayers(
  predictions: LayerPredictions,
  objects: readonly Objects[],
  cost: MatchingCost,
  { solver, ...nonFinite }: MatchOptions = {},
): LayerMatches {
  const { logits, boxes, layers, batch, queries, classes } = predictions;
  checkShapes(predictions, objects.length);
  checkCost(cost);
  const numClasses = objectClasses(cost.classCost, classes);
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
        logits: logits.subarray(first * classes, (first + queries) * classes),
        boxes: boxes.subarray(first * 4, (first + queries) * 4),
      };
      const costs = objectCosts(ofImage, queries, classes, found, cost, replacements, { layer, image });
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

/** The numbers of 0..count that are not among `matched`. */
function missingFrom(matched: Int32Array, count: number): number[] {
  const taken = new Set(matched);
  return Array.from({ length: count }, (_, object) => object).filter((object) => !taken.has(object));
}

/** @throws RangeError if the arrays are not of the sizes given */
function checkShapes({ logits, boxes, layers, batch, queries, classes }: LayerPredictions, images: number): void {
  for (const [name, size] of Object.entries({ layers, batch, queries, classes })) {
    if (!Number.isSafeInteger(size) || size < 0) {
      throw new RangeError(`expected a whole number of ${name}, got ${size}`);
    }
  }
  const expectLength = (name: string, length: number, axes: readonly number[]) => {
    const expected = axes.reduce((product, axis) => product * axis, 1);
    if (length === expected) return;
    throw new RangeError(`expected ${name} [${axes.join(', ')}] of ${expected} numbers, got ${length}`);
  };
  expectLength('logits', logits.length, [layers, batch, queries, classes]);
  expectLength('boxes', boxes.length, [layers, batch, queries, 4]);
  if (images !== batch) throw new RangeError(`expected the objects of ${batch} images, got those of ${images}`);
}
