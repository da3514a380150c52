/** The matching of a model's queries, from which instability is computed. */

/** The matching of Q queries with the objects of I images, in L decoder layers. */
export interface QueryMatches {
  readonly layers: number;
  readonly queries: number;
  /**
   * `[L, I, Q]`: index of the image's object that a query is matched with, or −1; the `objects` of `@dn-detr/matcher`.
   */
  readonly objects: ArrayLike<number>;
  /** `[I]`: number of objects in each image. */
  readonly counts: ArrayLike<number>;
  /** `[I]`: names of the images, if they are to be checked. */
  readonly images?: readonly (number | string)[];
}

/**
 * @throws RangeError if lengths do not fit, an object does not belong to its image, or two queries of a layer have one
 *   object
 */
export function checkMatches({ layers, queries, objects, counts, images }: QueryMatches, where = ''): void {
  for (const [name, size] of Object.entries({ layers, queries })) {
    if (!Number.isSafeInteger(size) || size < 0) {
      throw new RangeError(`${where}expected a whole number of ${name}, got ${size}`);
    }
  }
  const I = counts.length;
  if (objects.length !== layers * I * queries) {
    throw new RangeError(
      `${where}expected objects [${layers}, ${I}, ${queries}] (layers, images, queries) of ${layers * I * queries} ` +
        `numbers, got ${objects.length}`,
    );
  }
  if (images !== undefined && images.length !== I) {
    throw new RangeError(`${where}expected the names of ${I} images, got ${images.length}`);
  }
  const taken = new Map<number, number>();
  for (let at = 0; at < objects.length; at++) {
    const object = objects[at] as number;
    const image = Math.floor(at / queries) % I;
    const query = at % queries;
    if (query === 0) taken.clear();
    if (!Number.isInteger(object) || object < -1 || object >= (counts[image] as number)) {
      throw new RangeError(
        `${where}image ${image}: query ${query} is matched with object ${object} of ${counts[image]}; ` +
          'expected -1 or an index of one of them',
      );
    }
    if (object === -1) continue;
    const other = taken.get(object);
    if (other !== undefined) {
      const layer = Math.floor(at / (queries * I));
      throw new RangeError(
        `${where}image ${image}: queries ${other} and ${query} of layer ${layer} are both matched with object ${object}; ` +
          'expected one query for each object, as bipartite matching gives',
      );
    }
    taken.set(object, query);
  }
}
