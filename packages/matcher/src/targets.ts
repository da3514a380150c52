/** Makes dense loss targets from a matching. */
import { checkObjects, type DenseTargets, type Objects } from '@dn-detr/boxes';
import type { LayerMatches } from './layers.ts';

/**
 * Makes the targets of the matching part (`SetCriterion` of facebookresearch/detr): a matched query is to predict its
 * object, and all others "no object". The normaliser is the number of objects in the batch, but at least 1, because
 * without objects all queries learn "no object".
 *
 * @param objects the objects that were matched, `[B]`
 * @param numClasses number of real classes; as a class, it means "no object"
 * @throws ObjectsError if the objects are invalid, see `checkObjects` of `@dn-detr/boxes`
 * @throws RangeError if there are not objects for every image, or a matched one is not among them
 */
export function matchingTargets(
  { layers, batch, queries, objects: matched }: LayerMatches,
  objects: readonly Objects[],
  numClasses: number,
): DenseTargets {
  if (objects.length !== batch) {
    throw new RangeError(`expected the objects of ${batch} images, got those of ${objects.length}`);
  }
  for (const [image, found] of objects.entries()) checkObjects(found, { numClasses, image });
  const size = layers * batch * queries;
  const classes = new Int32Array(size).fill(numClasses);
  const boxes = new Float32Array(4 * size);
  const boxWeights = new Float32Array(size);
  for (let at = 0; at < size; at++) {
    const object = matched[at] as number;
    if (object < 0) continue;
    const image = Math.floor(at / queries) % batch;
    const { labels, boxes: objectBoxes } = objects[image] as Objects;
    const label = labels[object];
    if (label === undefined) {
      throw new RangeError(`image ${image}: object ${object} is matched, but there are ${labels.length} objects`);
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
