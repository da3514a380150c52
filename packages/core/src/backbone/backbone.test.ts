import { useBackend } from '@dn-detr/runtime';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Backbone, resizeMask, singleLevel } from './backbone.ts';
import { imageNet } from './normalization.ts';
import { resnet } from './resnet.ts';

beforeAll(() => useBackend('cpu'));

describe('singleLevel', () => {
  it('takes a level of a backbone that cannot be cut off after it', () => {
    const whole: Backbone = {
      parameters: [],
      levels: [4, 8].map((stride) => ({ channels: 3, stride })),
      normalization: imageNet,
      forward: (_, images) => [tf.avgPool(images, 4, 4, 'valid'), tf.avgPool(images, 8, 8, 'valid')],
    };
    for (const [stride, expected] of [
      [4, 4],
      [8, 8],
      [undefined, 8],
    ] as const) {
      const one = singleLevel(whole, stride);
      expect(one.levels).toEqual([{ channels: 3, stride: expected }]);
      const maps = one.forward({}, tf.zeros([1, 16, 16, 3]));
      expect(maps.map(({ shape }) => shape[1])).toEqual([16 / expected]);
    }
  });

  it('takes the last of several levels with the same stride, as in DC5', () => {
    const backbone = resnet({ depth: 50, dilation: true, levels: ['layer3', 'layer4'] });
    expect(singleLevel(backbone, 16).levels).toEqual([{ channels: 2048, stride: 16 }]);
  });
});

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
