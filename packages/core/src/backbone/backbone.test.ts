import { useBackend } from '@dn-detr/runtime';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { resizeMask } from './backbone.ts';

beforeAll(() => useBackend('cpu'));

describe('resizeMask', () => {
  it.each([
    { from: [50, 64], to: [7, 8] },
    { from: [9, 5], to: [5, 3] },
    { from: [4, 4], to: [4, 4] },
    { from: [3, 2], to: [5, 4] },
  ] as { from: [number, number]; to: [number, number] }[])('picks the pixels of $from that $to see', ({ from, to }) => {
    const [height, width] = from;
    const values = tf.range(0, 2 * height * width);
    const resized = resizeMask(tf.reshape<tf.Rank.R3>(values, [2, height, width]), to);
    const expected = [0, 1].map((image) =>
      Array.from({ length: to[0] }, (_, i) =>
        Array.from({ length: to[1] }, (_, j) => {
          const [y, x] = [Math.floor((i * height) / to[0]), Math.floor((j * width) / to[1])];
          return (image * height + y) * width + x;
        }),
      ),
    );
    expect(resized.arraySync()).toEqual(expected);
    expect(resized.dtype).toBe('float32');
  });
});
