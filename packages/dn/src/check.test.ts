import { describe, expect, it } from 'vitest';
import { type ObjectTargets, usableObjects } from './check.ts';
import { DnError } from './error.ts';
import type { SkipReason } from './options.ts';

const good = { labels: [0, 4], boxes: [0.5, 0.5, 0.2, 0.2, 0.25, 0.25, 0.5, 0.5] };

const check = (targets: readonly ObjectTargets[], skip: readonly SkipReason[] = []) =>
  usableObjects(targets, { numClasses: 5, skip });

const withBox = (...box: number[]): ObjectTargets => ({
  labels: [1, 2],
  boxes: [...good.boxes.slice(0, 4), ...box],
});

describe('usableObjects', () => {
  it('takes what is in order: plain arrays, empty images, corners outside by a rounding error', () => {
    const touching = withBox(0.5, 0.5, 1.0015, 1);
    const { indices, skipped } = check([good, { labels: [], boxes: [] }, touching]);
    expect(indices).toEqual([Int32Array.of(0, 1), Int32Array.of(), Int32Array.of(0, 1)]);
    expect(skipped).toEqual({ crowd: 0, degenerate: 0 });
  });

  it.each<[string, ObjectTargets, string]>([
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
      'no width',
      withBox(0.5, 0.5, 0, 0.1),
      "box [0.5, 0.5, 0, 0.1] has no extent in float32: expected w > 0 and h > 0 (skip: ['degenerate'] leaves such boxes out)",
    ],
    [
      'a height that float32 rounds to 0',
      withBox(0.5, 0.5, 0.1, 1e-46),
      "box [0.5, 0.5, 0.1, 1e-46] has no extent in float32: expected w > 0 and h > 0 (skip: ['degenerate'] leaves such boxes out)",
    ],
    [
      'a category id',
      { ...good, labels: [0, 5] },
      'label 5 is no class: expected a whole number in 0..4; are these category ids that still have to be mapped to 0, 1, 2, …?',
    ],
    ['a negative label', { ...good, labels: [0, -1] }, 'label -1 is no class: expected a whole number in 0..4'],
    ['half a label', { ...good, labels: [0, 1.5] }, 'label 1.5 is no class: expected a whole number in 0..4'],
  ])('names image, object and likely mistake: %s', (_, target, message) => {
    const found = catchError(() => check([good, target]));
    expect(found.message).toBe(`image 1, object 1: ${message}`);
    expect([found.image, found.object]).toEqual([1, 1]);
  });

  it.each<[ObjectTargets, string]>([
    [{ labels: [1], boxes: [0.5, 0.5, 0.1] }, '1 labels, but 3 box numbers: expected 4, four for each label'],
    [{ labels: [] } as never, 'boxes are missing: expected labels and boxes, empty without objects'],
    [{ labels: null, boxes: [] } as never, 'labels are missing'],
    [undefined as never, 'labels are missing'],
    [{ ...good, crowd: [1] }, '2 labels, but 1 crowd marks: expected one for each label'],
  ])('names the image whose lengths do not fit', (target, message) => {
    const found = catchError(() => check([good, good, target]));
    expect(found.message).toContain(`image 2: ${message}`);
    expect([found.image, found.object]).toEqual([2, undefined]);
  });

  it('leaves out crowd and degenerate boxes if asked to, and counts them', () => {
    const boxes = [0.5, 0.5, 0.2, 0.2];
    const target = {
      labels: [0, 1, 2, 99],
      boxes: [...boxes, 0.5, 0.5, 0, 1, ...boxes, ...boxes],
      crowd: [0, 0, 0, 1],
    };
    const { indices, skipped } = check([target, target], ['crowd', 'degenerate']);
    expect(indices).toEqual([Int32Array.of(0, 2), Int32Array.of(0, 2)]);
    expect(skipped).toEqual({ crowd: 2, degenerate: 2 });
    expect(() => check([target], ['crowd'])).toThrow('has no extent');
  });
});

function catchError(action: () => void): DnError {
  try {
    action();
  } catch (error) {
    if (error instanceof DnError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}
