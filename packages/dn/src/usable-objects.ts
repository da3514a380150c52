/**
 * Checks objects before they become queries, so that a wrong format is reported here rather than by a loss that turned
 * NaN.
 */
import { checkObjects, type Objects, ObjectsError } from '@dn-detr/boxes';
import type { SkipReason } from './options.ts';

/** The objects of a batch from which known queries are made. */
export interface UsableObjects {
  /** For each image, the indices of the objects to use, ascending. */
  readonly indices: readonly Int32Array[];
  /** How many objects were left out, by reason. */
  readonly skipped: Readonly<Record<SkipReason, number>>;
}

/**
 * Checks every object of a batch and leaves out those to skip, which are not examined any further.
 *
 * @param images the objects of each image
 * @throws ObjectsError, naming image and object, as `checkObjects` of `@dn-detr/boxes` does, or if a box has no extent
 *   in float32
 */
export function usableObjects(
  images: readonly Objects[],
  { numClasses, skip }: { readonly numClasses: number; readonly skip: readonly SkipReason[] },
): UsableObjects {
  const skipped = { crowd: 0, degenerate: 0 };
  const indices = images.map((objects, image) => {
    const isCrowd = (object: number) => skip.includes('crowd') && Boolean(objects.crowd?.[object]);
    const isTooThin = (object: number) => skip.includes('degenerate') && isDegenerate(objects.boxes, object);
    checkObjects(objects, { numClasses, image, isLeftOut: (object) => isCrowd(object) || isTooThin(object) });
    const kept: number[] = [];
    for (let object = 0; object < objects.labels.length; object++) {
      if (isCrowd(object)) skipped.crowd++;
      else if (!isDegenerate(objects.boxes, object)) kept.push(object);
      else if (skip.includes('degenerate')) skipped.degenerate++;
      else throw degenerateError(objects.boxes, image, object);
    }
    return Int32Array.from(kept);
  });
  return { indices, skipped };
}

/** Queries are float32, in which the tiniest sides become 0. */
const isDegenerate = (boxes: ArrayLike<number>, object: number): boolean =>
  Math.fround(boxes[4 * object + 2] as number) <= 0 || Math.fround(boxes[4 * object + 3] as number) <= 0;

function degenerateError(boxes: ArrayLike<number>, image: number, object: number): ObjectsError {
  const box = Array.from({ length: 4 }, (_, i) => +(boxes[4 * object + i] as number).toPrecision(6));
  const expected = "expected w > 0 and h > 0 (skip: ['degenerate'] leaves such boxes out)";
  return new ObjectsError(`box [${box.join(', ')}] has no extent in float32: ${expected}`, image, object);
}
