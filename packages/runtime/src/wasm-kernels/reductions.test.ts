import { expectSame, random, testOnWasm } from '@dn-detr/testing/wasm-and-cpu';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

testOnWasm();

const reductions = { sum: tf.sum, mean: tf.mean };

describe.each(Object.entries(reductions))('%s', (name, reduce) => {
  it('equals that of the cpu backend, over few numbers and over many, along any axes', () => {
    const size = fc.integer({ min: 1, max: 16 });
    const cases = fc.record({
      shape: fc.array(size, { minLength: 1, maxLength: 4 }),
      isReduced: fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }),
      keepDims: fc.boolean(),
    });
    fc.assert(
      fc.property(cases, ({ shape, isReduced, keepDims }) => {
        const axes = shape.map((_, axis) => axis).filter((axis) => isReduced[axis]);
        expectSame([random(shape)], (x) => [reduce(x as tf.Tensor, axes, keepDims)]);
      }),
    );
  });

  it('does not lose numbers that are small compared with the sum so far', () => {
    // Above 2^24, float32 holds only even numbers.
    const x = tf.tensor1d([2 ** 24, ...Array.from({ length: 4096 }, () => 1)]);
    const total = reduce(x);
    expect(total.dataSync()[0]).toBe(Math.fround((2 ** 24 + 4096) / (name === 'mean' ? 4097 : 1)));
    tf.dispose([x, total]);
  });
});
