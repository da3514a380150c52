import { useBackend } from '@dn-detr/runtime';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { cellCentres, onLevels, validRatios, validSize } from './levels.ts';

beforeAll(() => useBackend('cpu'));

const sizes = [
  { height: 2, width: 4 },
  { height: 1, width: 2 },
];
/** The second image fills 3 of 4 columns and 1 of 2 rows, and both columns of the coarse level. */
let validSizes: tf.Tensor3D;
beforeAll(() => {
  validSizes = tf.tensor3d([4, 2, 2, 1, 3, 1, 2, 1], [2, 2, 2]);
});

describe('levels', () => {
  it('measure the unpadded size in the first row and the first column', () => {
    const mask = tf.tensor3d([0, 0, 0, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 1], [2, 2, 4]);
    expect(validSize(mask).arraySync()).toEqual([
      [3, 1],
      [4, 2],
    ]);
  });

  it('have the centres of cells row by row, one level after another', () => {
    expect(cellCentres({ sizes }).arraySync()).toEqual([
      [
        [0.125, 0.25],
        [0.375, 0.25],
        [0.625, 0.25],
        [0.875, 0.25],
        [0.125, 0.75],
        [0.375, 0.75],
        [0.625, 0.75],
        [0.875, 0.75],
        [0.25, 0.5],
        [0.75, 0.5],
      ],
    ]);
  });

  it('measure centres in the image without its padding, so that those of padding are beyond 1', () => {
    const [whole, padded] = cellCentres({ sizes, validSizes }).arraySync() as [number[][], number[][]];
    expect([whole]).toEqual(cellCentres({ sizes }).arraySync());
    expect(padded[2]).toEqual([Math.fround(2.5 / 3), 0.5]);
    expect(padded[3]?.[0]).toBeCloseTo(3.5 / 3, 6);
    expect(padded[4]?.[1]).toBe(1.5);
    expect(padded[9]).toEqual([0.75, 0.5]);
  });

  it('convert references to a level with its padding, both centres and sides', () => {
    expect(validRatios({ sizes, validSizes })?.arraySync()).toEqual([
      [
        [1, 1],
        [1, 1],
      ],
      [
        [0.75, 0.5],
        [1, 1],
      ],
    ]);
    // The same box for both images.
    const boxes = onLevels(tf.tensor3d([0.5, 0.5, 0.25, 1], [1, 1, 4]), { sizes, validSizes });
    expect(boxes.shape).toEqual([2, 1, 2, 4]);
    expect(boxes.arraySync()[1]).toEqual([
      [
        [0.375, 0.25, 0.1875, 0.5],
        [0.5, 0.5, 0.25, 1],
      ],
    ]);
    // Cells remain in place, whatever is padded.
    const cells = onLevels(cellCentres({ sizes, validSizes }), { sizes, validSizes }).arraySync();
    expect(cells[1]?.[3]?.[0]).toEqual([0.875, 0.25]);
  });

  it('leave references unchanged if nothing is padded', () => {
    const points = tf.tensor3d([0.1, 0.2, 0.3, 0.4], [1, 2, 2]);
    const placed = onLevels(points, { sizes });
    expect(placed.shape).toEqual([1, 2, 1, 2]);
    expect(placed.dataSync()).toEqual(points.dataSync());
    expect(validRatios({ sizes })).toBeUndefined();
  });
});
