import { describe, expect, it } from 'vitest';
import { anchorDistance } from './anchor-distance.ts';
import type { QueryMatches } from './matches.ts';

/** Two layers, two images, two queries; the first layer does not count. */
const matches: QueryMatches = { layers: 2, queries: 2, counts: [1, 2], objects: [-1, 0, 1, 0, /**/ 0, -1, 1, 0] };
const boxes = [
  [0.5, 0.5, 0.25, 0.25],
  [0, 0, 0.5, 0.5, 0.25, 0.75, 0.5, 0.25],
];
const anchors = [0.5, 0.25, 0.5, 0.25, 0, 0, 0.25, 0.25];

describe('anchorDistance', () => {
  it('is the mean L1 distance of matched queries in the last layer', () => {
    // |Δ| of query 0: 0.25 + 0.25 and 0.25 + 0.5 + 0 + 0; of query 1: 0.25 + 0.25.
    expect(anchorDistance(anchors, matches, boxes)).toEqual({ mean: (0.5 + 0.75 + 0.5) / 3, matched: 3 });
  });

  it('accepts separate anchors for each image', () => {
    const ofImages = [...anchors, ...(boxes[1] as number[]).slice(4), ...(boxes[1] as number[]).slice(0, 4)];
    expect(anchorDistance(ofImages, matches, boxes)).toEqual({ mean: 0.5 / 3, matched: 3 });
  });

  it('has no mean if nothing is matched', () => {
    const nothing = { layers: 1, queries: 2, counts: [0], objects: [-1, -1] };
    expect(anchorDistance(anchors, nothing, [[]])).toEqual({ mean: undefined, matched: 0 });
    expect(anchorDistance(anchors, { ...nothing, layers: 0, objects: [] }, [[]]).matched).toBe(0);
  });

  it('rejects lengths that do not fit, and NaN', () => {
    expect(() => anchorDistance([1, 2, 3], matches, boxes)).toThrow(
      'expected anchors [2, 4] or [2, 2, 4], got 3 numbers',
    );
    expect(() => anchorDistance(anchors, matches, [[]])).toThrow('expected the boxes of 2 images, got those of 1');
    expect(() => anchorDistance(anchors, matches, [[], []])).toThrow('image 0: expected boxes [1, 4] of its objects');
    const broken = [Number.NaN, ...anchors.slice(1)];
    expect(() => anchorDistance(broken, matches, boxes)).toThrow(
      'image 0: the anchor of query 0 or the box of object 0',
    );
  });
});
