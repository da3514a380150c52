import { expect, it } from 'vitest';
import { sampleIndices } from './samples.ts';

const image = (...labels: number[]) => ({ labels, boxes: new Float32Array(4 * labels.length) });
const many = (count: number, label = 0) => image(...Array<number>(count).fill(label));

it('follows the images with the most typical number of objects, among equals those with more classes', () => {
  // The median of 1, 3, 3, 4, 5, 9 and 20 is 4; images without objects are left out.
  const targets = [many(20), many(0), many(1), many(3), image(0, 1, 1), many(4), many(5), many(9)];
  expect(sampleIndices({ targets })).toEqual([5, 4, 3, 6, 2, 7]);
});

it('follows the first images if all are alike', () => {
  expect(sampleIndices({ targets: Array.from({ length: 9 }, () => many(2)) })).toEqual([0, 1, 2, 3, 4, 5]);
  expect(sampleIndices({ targets: [many(0)] })).toEqual([]);
});
