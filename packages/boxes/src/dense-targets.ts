/** Dense targets: the target of every query, however it was assigned, as the arrays that losses need. */

/**
 * The loss targets of one part of the queries: the denoising queries (*known queries* in the code) `[B, K]`, which are
 * the same for all decoder layers, or the matching queries `[L, B, Q]`. `N` denotes either shape. `@dn-detr/dn` and
 * `@dn-detr/matcher` make them, and the criterion of `@dn-detr/core` takes them.
 */
export interface DenseTargets {
  /** `[N]`: the class, or `numClasses` for "no object", whose one-hot vector over the real classes is all zero. */
  readonly classes: Int32Array;
  /** `[N, 4]`: cxcywh in 0..1 of the image; zeros where there is no object. */
  readonly boxes: Float32Array;
  /** `[N]`: weight of the query in the class loss; 1, or 0 for padding. */
  readonly classWeights: Float32Array;
  /** `[N]`: weight of the query in the box losses; 1 if it has an object, otherwise 0. */
  readonly boxWeights: Float32Array;
  /**
   * Divisor of the sums of losses: the number of objects in the batch. 0 means that there is nothing to learn and
   * makes all losses of the part 0. If queries learn "no object" from a batch without objects, it is at least 1.
   */
  readonly normalizer: number;
}

/**
 * Checks that the arrays of a part have matching lengths, with the same number of queries in each row.
 *
 * @param rows the product of the axes before the queries: B for known queries, L × B for matching ones
 * @param part name of the targets in messages, such as `known targets [B, K]`
 * @returns the number of queries in a row
 * @throws RangeError if the lengths do not fit, or the normalizer is negative or not finite
 */
export function checkDenseTargets(
  { classes, boxes, classWeights, boxWeights, normalizer }: DenseTargets,
  rows: number,
  part: string,
): number {
  const size = rows === 0 ? 0 : classes.length / rows;
  const lengths = [classes.length, boxes.length / 4, classWeights.length, boxWeights.length];
  if (!Number.isInteger(size) || lengths.some((length) => length !== size * rows)) {
    throw new RangeError(
      `${part}: classes, boxes / 4 and weights are [${lengths}] long, expected a multiple of ${rows}`,
    );
  }
  if (!(Number.isFinite(normalizer) && normalizer >= 0)) {
    throw new RangeError(`${part}: the normalizer is ${normalizer}, expected a number of 0 or more`);
  }
  return size;
}
