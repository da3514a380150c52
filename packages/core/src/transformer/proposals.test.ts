import { useBackend } from '@dn-detr/runtime';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { proposalsOf } from './proposals.ts';

beforeAll(() => useBackend('cpu'));

const square = (side: number) => ({ height: side, width: side });
const boxesOf = (input: Parameters<typeof proposalsOf>[0]) =>
  tf.sigmoid(proposalsOf(input).anchors).arraySync() as number[][][];
const validOf = (input: Parameters<typeof proposalsOf>[0]) => [...proposalsOf(input).valid.dataSync()];

describe('proposals', () => {
  it('are a box at every cell, doubling in size from level to level, the same for all images', () => {
    const [boxes, ...others] = boxesOf({ sizes: [square(2), square(1)] });
    expect(others).toEqual([]);
    const expected = [
      [0.25, 0.25, 0.05, 0.05],
      [0.75, 0.25, 0.05, 0.05],
      [0.25, 0.75, 0.05, 0.05],
      [0.75, 0.75, 0.05, 0.05],
      [0.5, 0.5, 0.1, 0.1],
    ];
    boxes?.forEach((box, i) => {
      box.forEach((value, k) => {
        expect(value).toBeCloseTo(expected[i]?.[k] as number, 6);
      });
    });
  });

  it('leave out boxes at the border of a fine level, and those that are too large', () => {
    // Of 60 cells, the first and the last are closer to the border than 0.01.
    const valid = validOf({ sizes: [{ height: 1, width: 60 }] });
    expect(valid.flatMap((isValid, cell) => (isValid === 0 ? [cell] : []))).toEqual([0, 59]);
    // 0.05 * 2^5 is more than 0.99.
    expect(validOf({ sizes: Array.from({ length: 6 }, () => square(1)) })).toEqual([1, 1, 1, 1, 1, 0]);
  });

  it('leave out padding as infinite anchors, and measure the image without it', () => {
    const padded = {
      sizes: [{ height: 2, width: 2 }],
      padding: tf.tensor2d([0, 0, 0, 0, 0, 1, 0, 1], [2, 4]),
      validSizes: tf.tensor3d([2, 2, 1, 2], [2, 1, 2]),
    };
    expect(validOf(padded)).toEqual([1, 1, 1, 1, 1, 0, 1, 0]);
    const [, anchors] = proposalsOf(padded).anchors.arraySync() as [unknown, number[][]];
    expect(anchors[1]).toEqual(Array(4).fill(Number.POSITIVE_INFINITY));
    const [, boxes] = boxesOf(padded);
    expect(boxes?.[1]).toEqual([1, 1, 1, 1]);
    expect(boxes?.[0]?.[0]).toBeCloseTo(0.5, 6);
  });

  it('leave no other tensor behind', () => {
    const before = tf.memory().numTensors;
    tf.dispose(tf.tidy(() => ({ ...proposalsOf({ sizes: [square(3)] }) }) as unknown as tf.TensorContainer));
    expect(tf.memory().numTensors).toBe(before);
  });
});
