import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { layerDisagreement, matchingInstability } from './instability.ts';
import type { QueryMatches } from './matches.ts';

/** Two layers, two images with 2 and 1 objects, three queries. */
const before = {
  layers: 2,
  queries: 3,
  counts: [2, 1],
  objects: Int32Array.of(0, 1, -1, -1, 0, -1, /**/ 0, -1, 1, 0, -1, -1),
  images: ['a.jpg', 'b.jpg'],
};
const after = {
  ...before,
  objects: Int32Array.of(0, 1, -1, -1, 0, -1, /**/ -1, 0, 1, -1, -1, 0),
};

describe('matchingInstability', () => {
  it('counts queries whose object changed, in each image and layer', () => {
    const { mean, relative, perImage, perLayer } = matchingInstability(before, after);
    // In the last layer object 0 of both images moved to another query; there are 1.5 objects per image.
    expect([mean, relative, perImage]).toEqual([2, 2 / 3, Int32Array.of(2, 2)]);
    expect(perLayer).toEqual([
      { mean: 0, relative: 0, perImage: Int32Array.of(0, 0) },
      { mean: 2, relative: 2 / 3, perImage: Int32Array.of(2, 2) },
    ]);
  });

  it('is at most 2M, reached if every object moves to another query, and 0 without objects', () => {
    const matches = (objects: number[], count: number) => ({ layers: 1, queries: 4, counts: [count], objects });
    const all = matchingInstability(matches([0, 1, -1, -1], 2), matches([-1, -1, 1, 0], 2));
    expect([all.mean, all.relative]).toEqual([4, 1]);
    const nothing = matches([-1, -1, -1, -1], 0);
    expect(matchingInstability(nothing, nothing)).toMatchObject({ mean: 0, relative: 0 });
    const assignment = fc.shuffledSubarray([0, 1, 2, -1, -1, -1], { minLength: 6 }).map((objects) => ({
      layers: 1,
      queries: 6,
      counts: [3],
      objects,
    }));
    fc.assert(
      fc.property(assignment, assignment, (a, b) => {
        const { mean, relative } = matchingInstability(a, b);
        expect(mean).toBe(matchingInstability(b, a).mean);
        expect(relative).toBe(mean / 6);
        expect(relative).toBeLessThanOrEqual(1);
        expect(matchingInstability(a, a).mean).toBe(0);
      }),
    );
  });

  it.each<[string, QueryMatches, string]>([
    [
      'other images',
      { ...before, images: ['a.jpg', 'c.jpg'] },
      "image 1 was 'c.jpg' in the previous matches and is 'b.jpg'",
    ],
    [
      'fewer images',
      { ...before, counts: [2], objects: before.objects.slice(0, 6), images: ['a.jpg'] },
      'of 1 images, ',
    ],
    ['other objects', { ...before, counts: [2, 2] }, 'image 1 had 2 objects in the previous matches and has 1 now'],
    ['other layers', { ...before, layers: 1, objects: before.objects.slice(0, 6) }, 'of 1 layers, the current of 2'],
    ['a missing query', { ...before, queries: 4 }, 'the previous matches: expected objects [2, 2, 4] (layers, images'],
    ['an object too many', { ...before, counts: [2, 0] }, 'image 1: query 1 is matched with object 0 of 0'],
    [
      'an object matched twice',
      { ...before, objects: Int32Array.of(0, 1, -1, -1, 0, -1, /**/ 0, -1, 0, 0, -1, -1) },
      'the previous matches: image 0: queries 0 and 2 of layer 1 are both matched with object 0; expected one query for',
    ],
    ['a missing name', { ...before, images: [1] }, 'expected the names of 2 images, got 1'],
    ['a fractional number of layers', { ...before, layers: 0.5 }, 'expected a whole number of layers, got 0.5'],
  ])('rejects %s', (_, previous, message) => {
    expect(() => matchingInstability(previous, after)).toThrow(RangeError);
    expect(() => matchingInstability(previous, after)).toThrow(message);
  });

  it('rejects matches without images or layers, which have no mean', () => {
    const empty = { layers: 1, queries: 2, counts: [], objects: [] };
    expect(() => matchingInstability(empty, empty)).toThrow('expected at least one image, got 0');
    expect(() => matchingInstability({ ...empty, layers: 0 }, { ...empty, layers: 0 })).toThrow('at least one decoder');
  });
});

describe('layerDisagreement', () => {
  it('compares each layer with the previous one', () => {
    expect(layerDisagreement(before)).toEqual([{ mean: 2, relative: 2 / 3, perImage: Int32Array.of(2, 2) }]);
    expect(layerDisagreement({ ...before, layers: 1, objects: before.objects.slice(0, 6) })).toEqual([]);
    expect(() => layerDisagreement({ ...before, counts: [2, 2, 2] })).toThrow('expected objects [2, 3, 3]');
  });
});
