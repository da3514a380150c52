/** Counts what is odd about an annotation file while it is read, and describes it in sentences. */

export class TruthNotes {
  boxOfPolygons = 0;
  noArea = 0;
  oddCrowd = 0;
  nonFiniteBox = 0;
  sharedId = 0;
  idZero = 0;

  sentences(): string[] {
    return counted([
      [this.boxOfPolygons, 'annotation', 'no "bbox": the bounds of the polygons are taken'],
      [this.noArea, 'annotation', 'no "area" that is a number: width × height is taken'],
      [this.oddCrowd, 'annotation', 'an "iscrowd" other than 0 and 1: whether it is true is decided as in Python'],
      [
        this.nonFiniteBox,
        'annotation',
        'NaN or an infinity in the box, taken as in pycocotools: a box with NaN may be counted as found by any detection',
      ],
      [
        this.sharedId,
        'annotation',
        'the id of a later one, which counts in their place, as in pycocotools: give each its own id',
      ],
      [
        this.idZero,
        'annotation',
        'the id 0, with which pycocotools never counts an object as found: number them from 1',
      ],
    ]);
  }
}

/** Makes sentences such as `3 annotations have …`, for every count except 0. */
export function counted(facts: readonly (readonly [count: number, noun: string, what: string])[]): string[] {
  return facts.flatMap(([count, noun, what]) => {
    if (count === 0) return [];
    return count === 1 ? `1 ${noun} has ${what}` : `${count} ${noun}s have ${what}`;
  });
}
