import type { Objects } from '@dn-detr/boxes';
import { describe, expect, it } from 'vitest';
import type { SkipReason } from './options.ts';
import { usableObjects } from './usable-objects.ts';

const good = { labels: [0, 4], boxes: [0.5, 0.5, 0.2, 0.2, 0.25, 0.25, 0.5, 0.5] };

const check = (images: readonly Objects[], skip: readonly SkipReason[] = []) =>
  usableObjects(images, { numClasses: 5, skip });

const withBox = (...box: number[]): Objects => ({ labels: [1, 2], boxes: [...good.boxes.slice(0, 4), ...box] });

describe('usableObjects', () => {
  it('accepts all objects that are valid', () => {
    const { indices, skipped } = check([good, { labels: [], boxes: [] }, good]);
    expect(indices).toEqual([Int32Array.of(0, 1), Int32Array.of(), Int32Array.of(0, 1)]);
    expect(skipped).toEqual({ crowd: 0, degenerate: 0 });
  });

  it.each<[string, Objects, string]>([
    ['pixels', withBox(320, 240, 100, 80), 'box [320, 240, 100, 80] reaches outside the image'],
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
  ])('names the image and the object: %s', (_, objects, message) => {
    expect(() => check([good, objects])).toThrow(
      expect.objectContaining({
        name: 'ObjectsError',
        message: expect.stringContaining(`image 1, object 1: ${message}`),
        image: 1,
        object: 1,
      }),
    );
  });

  it('leaves out crowds and degenerate boxes if requested, and counts them', () => {
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
    expect(() => check([target], ['degenerate'])).toThrow('image 0, object 3: label 99 is not a class');
  });
});
