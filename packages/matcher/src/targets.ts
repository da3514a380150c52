/** Dense targets of the losses, from a matching. */
import type { LayerMatches } from './layers.ts';
import type { ObjectTargets } from './objects.ts';

/** What every query of every layer and image is to predict: what a loss needs, in the shape of the predictions. */
export interface DenseTargets {
  /** `[L, B, Q]`; the number of classes stands for "no object" */
  readonly classes: Int32Array;
  /** cxcywh in 0..1, `[L, B, Q, 4]`; zeros where there is no object */
  readonly boxes: Float32Array;
  /** `[L, B, Q]`: how much a query counts in the class loss; 1 for all, as every query is to say whether it has an object */
  readonly classWeights: Float32Array;
  /** `[L, B, Q]`: how much a query counts in the box losses; 1 where it is matched, else 0 */
  readonly boxWeights: Float32Array;
  /** what the losses are divided by: the objects of the batch, at least 1 */
  readonly normalizer: number;
}

/**
 * The targets of the matching part (`SetCriterion` of facebookresearch/detr): a matched query is to predict its object,
 * the others "no object".
 *
 * @param objects those that were matched, `[B]`
 * @param numClasses classes of objects; it stands for "no object"
 * @throws RangeError if there are not objects for every image, a matched one is not among them, or a label of theirs is
 *   not one of the classes
 */
export function matchingTargets(
  { layers, batch, queries, objects: matched }: LayerMatches,
  objects: readonly ObjectTargets[],
  numClasses: number,
): DenseTargets {
  if (objects.length !== batch) {
    throw new RangeError(`expected the objects of ${batch} images, got those of ${objects.length}`);
  }
  const size = layers * batch * queries;
  const classes = new Int32Array(size).fill(numClasses);
  const boxes = new Float32Array(4 * size);
  const boxWeights = new Float32Array(size);
  for (let at = 0; at < size; at++) {
    const object = matched[at] as number;
    if (object < 0) continue;
    const image = Math.floor(at / queries) % batch;
    const { labels, boxes: objectBoxes } = objects[image] as ObjectTargets;
    const label = labels[object];
    if (label === undefined) {
      throw new RangeError(`image ${image}: object ${object} is matched, but there are ${labels.length} objects`);
    }
    if (!Number.isInteger(label) || label < 0 || label >= numClasses) {
      throw new RangeError(`image ${image}: the label of object ${object} is ${label}: expected 0..${numClasses - 1}`);
    }
    classes[at] = label;
    for (let k = 0; k < 4; k++) boxes[4 * at + k] = objectBoxes[4 * object + k] as number;
    boxWeights[at] = 1;
  }
  const normalizer = Math.max(
    1,
    objects.reduce((sum, { labels }) => sum + labels.length, 0),
  );
  return { classes, boxes, classWeights: new Float32Array(size).fill(1), boxWeights, normalizer };
}
