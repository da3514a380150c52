import { describe, expect, it } from 'vitest';
import { checkObjects, type Objects, ObjectsError } from './objects.ts';

const good = { labels: [0, 4], boxes: [0.5, 0.5, 0.2, 0.2, 0.25, 0.25, 0.5, 0.5] };

const withBox = (...box: number[]): Objects => ({ labels: [1, 2], boxes: [...good.boxes.slice(0, 4), ...box] });

describe('checkObjects', () => {
  it.each<[string, Objects]>([
    ['plain arrays', good],
    ['typed arrays', { labels: Int32Array.from(good.labels), boxes: Float64Array.from(good.boxes), crowd: [0, 1] }],
    ['no objects', { labels: [], boxes: [] }],
    ['corners outside by a rounding error', withBox(0.5, 0.5, 1.0015, 1)],
    ['a box without a width', withBox(0.5, 0.5, 0, 1)],
  ])('accepts valid objects: %s', (_, objects) => {
    expect(() => checkObjects(objects, { numClasses: 5 })).not.toThrow();
  });

  it.each<[string, Objects, string]>([
    [
      'pixels',
      withBox(320, 240, 100, 80),
      'box [320, 240, 100, 80] reaches outside the image: expected cx, cy, w, h in 0..1 with corners in 0..1; these look like pixels (toNormalized of @dn-detr/boxes divides by the image size)',
    ],
    [
      'xyxy',
      withBox(0.6, 0.5, 0.9, 0.75),
      'box [0.6, 0.5, 0.9, 0.75] reaches outside the image: expected cx, cy, w, h in 0..1 with corners in 0..1; it would fit as xyxy (xyxyToCxcywh of @dn-detr/boxes converts)',
    ],
    [
      'a corner and a size',
      withBox(0.1, 0.1, 0.3, 0.3),
      'box [0.1, 0.1, 0.3, 0.3] reaches outside the image: expected cx, cy, w, h in 0..1 with corners in 0..1; it would fit as xyxy (xyxyToCxcywh of @dn-detr/boxes converts) or as left, top, width, height',
    ],
    [
      'a corner outside',
      withBox(0.9, 0.5, 0.203, 0.2),
      'box [0.9, 0.5, 0.203, 0.2] reaches outside the image: expected cx, cy, w, h in 0..1 with corners in 0..1',
    ],
    [
      'NaN',
      withBox(0.5, Number.NaN, 0.1, 0.1),
      'box [0.5, NaN, 0.1, 0.1] has a number that is not finite: expected cx, cy, w, h in 0..1',
    ],
    [
      'infinity',
      withBox(0.5, 0.5, Number.POSITIVE_INFINITY, 0.1),
      'box [0.5, 0.5, Infinity, 0.1] has a number that is not finite: expected cx, cy, w, h in 0..1',
    ],
    [
      'a negative height',
      withBox(0.5, 0.5, 0.1, -0.1),
      'box [0.5, 0.5, 0.1, -0.1] has a negative width or height: expected w and h of 0 or more',
    ],
    [
      'a category id',
      { ...good, labels: [0, 5] },
      'label 5 is not a class: expected a whole number in 0..4; are these category ids that still have to be mapped to 0, 1, 2, …?',
    ],
    ['a negative label', { ...good, labels: [0, -1] }, 'label -1 is not a class: expected a whole number in 0..4'],
    ['half a label', { ...good, labels: [0, 1.5] }, 'label 1.5 is not a class: expected a whole number in 0..4'],
  ])('names the image, the object and the likely mistake: %s', (_, objects, message) => {
    const found = errorOf(objects, 1);
    expect(found.message).toBe(`image 1, object 1: ${message}`);
    expect([found.image, found.object]).toEqual([1, 1]);
    expect(errorOf(objects).message).toBe(`object 1: ${message}`);
  });

  it.each<[Objects, string]>([
    [{ labels: [1], boxes: [0.5, 0.5, 0.1] }, '1 labels, but 3 box numbers: expected 4, four for each label'],
    [{ labels: [] } as never, 'boxes are missing: expected labels and boxes, empty without objects'],
    [{ labels: null, boxes: [] } as never, 'labels are missing'],
    [undefined as never, 'labels are missing'],
    [{ ...good, crowd: [1] }, '2 labels, but 1 crowd marks: expected one for each label'],
  ])('names the image whose lengths do not fit', (objects, message) => {
    const found = errorOf(objects, 2);
    expect(found.message).toContain(`image 2: ${message}`);
    expect([found.image, found.object]).toEqual([2, undefined]);
    expect(errorOf(objects).message).toMatch(new RegExp(`^${message}`));
  });

  it('ignores objects that are left out', () => {
    const isLeftOut = (object: number) => object === 1;
    const objects = { labels: [0, 99], boxes: [...good.boxes.slice(0, 4), 1, 2, 3, Number.NaN] };
    expect(() => checkObjects(objects, { numClasses: 5, isLeftOut })).not.toThrow();
    expect(() => checkObjects(objects, { numClasses: 5 })).toThrow('object 1: label 99');
  });
});

function errorOf(objects: Objects, image?: number): ObjectsError {
  try {
    checkObjects(objects, { numClasses: 5, image });
  } catch (error) {
    if (error instanceof ObjectsError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}
