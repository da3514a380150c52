import { describe, expect, it } from 'vitest';
import type { ImageDetections, ImageTruth } from './coco/images.ts';
import { countDuplicates } from './duplicates.ts';

const objects = (boxes: number[][], labels = boxes.map(() => 0), crowd = boxes.map(() => 0)): ImageTruth => ({
  labels,
  boxes: boxes.flat(),
  areas: boxes.map(([, , w, h]) => (w as number) * (h as number)),
  crowd,
});
const detected = (...found: (readonly [box: number[], score: number, label?: number])[]): ImageDetections => ({
  labels: found.map(([, , label = 0]) => label),
  boxes: found.flatMap(([box]) => box),
  scores: found.map(([, score]) => score),
});

const left = [0, 0, 100, 100];
const nearLeft = [5, 0, 100, 100];
const right = [200, 0, 100, 100];
const options = { numClasses: 2 };

describe('countDuplicates', () => {
  it('finds none if every object has one detection', () => {
    const found = detected([left, 0.9], [right, 0.8]);
    expect(countDuplicates([objects([left, right])], [found], options)).toEqual({
      objects: 2,
      detections: 2,
      found: 2,
      duplicates: 0,
      perObject: 0,
      AP: expect.closeTo(1),
      APWithNms: expect.closeTo(1),
    });
  });

  it('counts the lower-scoring detections of an object, which NMS drops', () => {
    const found = detected([nearLeft, 0.85], [left, 0.9], [left, 0.8], [right, 0.7]);
    const { AP, APWithNms, ...counts } = countDuplicates([objects([left, right])], [found], options);
    expect(counts).toEqual({ objects: 2, detections: 4, found: 2, duplicates: 2, perObject: 1 });
    expect(AP).toBeLessThan(0.8);
    expect(APWithNms).toBeCloseTo(1);
  });

  it('counts only detections above the threshold, though duplicates below it go to NMS too', () => {
    const found = detected([left, 0.9], [right, 0.7], [left, 0.5], [left, 0.49]);
    const count = (scoreThreshold?: number) =>
      countDuplicates([objects([left, right])], [found], {
        ...options,
        ...(scoreThreshold === undefined ? {} : { scoreThreshold }),
      });
    expect(count()).toMatchObject({ detections: 3, duplicates: 1, perObject: 0.5 });
    expect(count(0)).toMatchObject({ detections: 4, duplicates: 2, perObject: 1 });
    // They come after all objects have been found.
    expect(count().AP).toBeCloseTo(1);
  });

  it('does not mistake two overlapping objects for one, as NMS does', () => {
    const found = detected([left, 0.9], [nearLeft, 0.8]);
    const result = countDuplicates([objects([left, nearLeft])], [found], options);
    expect(result).toMatchObject({ found: 2, duplicates: 0, AP: expect.closeTo(1) });
    expect(result.APWithNms).toBeLessThan(0.6);
    expect(
      countDuplicates([objects([left, nearLeft])], [found], { ...options, nmsThreshold: 0.95 }).APWithNms,
    ).toBeCloseTo(1);
  });

  it('leaves out crowds, other classes and detections that overlap nothing', () => {
    const truth = objects([left, right], [0, 1], [0, 1]);
    const found = detected([left, 0.9], [left, 0.8, 1], [right, 0.9, 1], [right, 0.8, 1], [[500, 0, 50, 50], 0.9]);
    expect(countDuplicates([truth], [found], options)).toMatchObject({
      objects: 1,
      detections: 5,
      found: 1,
      duplicates: 0,
    });
  });

  it('adds up images, and gives 0 per object without any objects', () => {
    const found = detected([left, 0.9], [left, 0.8]);
    expect(countDuplicates([objects([left]), objects([left])], [found, found], options)).toMatchObject({
      objects: 2,
      duplicates: 2,
      perObject: 1,
    });
    expect(countDuplicates([objects([])], [found], options)).toMatchObject({ perObject: 0, duplicates: 0, AP: -1 });
  });

  it('throws the errors of the evaluation, and rejects a threshold outside 0..1', () => {
    expect(() => countDuplicates([objects([])], [], options)).toThrow('expected the detections of 1 images');
    for (const [name, value] of [
      ['nmsThreshold', Number.NaN],
      ['nmsThreshold', 70],
      ['scoreThreshold', 1.1],
      ['iouThreshold', -0.5],
    ] as const) {
      const count = () => countDuplicates([], [], { ...options, [name]: value });
      expect(count).toThrow(new RangeError(`expected a ${name} in 0..1, got ${value}`));
    }
  });
});
