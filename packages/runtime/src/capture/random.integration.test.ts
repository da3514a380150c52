import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { useBackend } from '../backend.ts';
import { findNative } from '../native/find.ts';
import { randomStream } from './random.ts';

const native = await findNative();

const values = (tensor: tf.Tensor): number[] => Array.from(tensor.dataSync());

describe('dropout masks', () => {
  it('keep the requested fraction of entries, scaled', async () => {
    await useBackend('cpu');
    const size = 200_000;
    const mask = values(randomStream(tf.scalar(3, 'int32')).dropoutMask([size], 0.1));
    const kept = mask.filter((value) => value !== 0);
    // Five standard deviations of a binomial proportion.
    expect(Math.abs(kept.length / size - 0.9)).toBeLessThan(5 * Math.sqrt((0.9 * 0.1) / size));
    expect(new Set(kept)).toEqual(new Set([Math.fround(1 / 0.9)]));
  });

  it('are the same to the last bit on every backend', async () => {
    const shapes = [[7], [2, 3, 5], [1], [64, 33]];
    const masksOn = async (backend: string): Promise<number[][]> => {
      await useBackend(backend);
      return [0, 1, -1, 2 ** 31 - 1, -(2 ** 31)].flatMap((seed) => {
        const stream = randomStream(tf.scalar(seed, 'int32'));
        return shapes.map((shape) => values(stream.dropoutMask(shape, 0.3)));
      });
    };
    const expected = await masksOn('cpu');
    const others = native.addon === undefined ? ['wasm'] : ['wasm', 'tensorflow'];
    for (const backend of others) expect(await masksOn(backend)).toEqual(expected);
  });

  it('reject an invalid rate', () => {
    expect(() => randomStream(tf.scalar(0, 'int32')).dropoutMask([1], 1)).toThrow(/expected 0 <= rate < 1/);
  });
});
