import { expectSame, random, testOnWasm, withGradients } from '@dn-detr/testing/wasm-and-cpu';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

testOnWasm();

describe('segment sums', () => {
  const ids = (values: number[], shape = [values.length]): tf.Tensor => tf.tensor(values, shape, 'int32');

  it('add up rows with the same id and drop ids out of range', () => {
    const [x, segments] = [random([7, 3, 2]), ids([2, 0, 2, -1, 5, 4, -9])];
    expectSame([x, segments], (x, segments) => [tf.unsortedSegmentSum(x, segments as tf.Tensor1D, 5)]);
  });

  it('accept ids of higher rank, and no ids', () => {
    const [x, segments] = [tf.tensor([1, 2, 3, 4], [2, 2]), ids([0, 1, 1, -1], [2, 2])];
    const sums = tf.unsortedSegmentSum(x, segments as tf.Tensor1D, 3);
    expect([...sums.dataSync()]).toEqual([1, 5, 0]);
    const [noRows, noIds] = [tf.zeros([0, 2]), ids([])];
    const none = tf.unsortedSegmentSum(noRows, noIds as tf.Tensor1D, 2);
    expect([...none.dataSync()]).toEqual([0, 0, 0, 0]);
    tf.dispose([x, segments, sums, noRows, noIds, none]);
  });

  it('stay integers', () => {
    const [x, segments] = [tf.tensor1d([5, 6, 7], 'int32'), ids([1, 1, 0])];
    const sums = tf.unsortedSegmentSum(x, segments as tf.Tensor1D, 2);
    expect([sums.dtype, ...sums.dataSync()]).toEqual(['int32', 7, 11]);
    tf.dispose([x, segments, sums]);
  });

  it('give the gradient of gather on every axis', () => {
    const indices = [3, 0, 3, 1, 1, 3];
    for (const axis of [0, 1, 2]) {
      expectSame(
        [random([4, 5, 6])],
        withGradients((x) => tf.gather(x, tf.tensor(indices, [2, 3], 'int32'), axis)),
      );
    }
  });
});

describe('one-hot rows', () => {
  it('equal those of the cpu backend for any dtype, including indices out of range', () => {
    const cases = fc.record({
      shape: fc.array(fc.nat(3), { maxLength: 3 }),
      depth: fc.integer({ min: 2, max: 5 }),
      numbers: fc.constantFrom<[dtype: 'float32' | 'int32' | 'bool', on: number, off: number]>(
        ['float32', 1, 0],
        ['float32', -0.5, 2.25],
        ['int32', 1, 0],
        ['int32', -3, 7],
        ['bool', 1, 0],
        ['bool', 0, 1],
      ),
      first: fc.nat(8),
    });
    fc.assert(
      fc.property(cases, ({ shape, depth, numbers: [dtype, on, off], first }) => {
        const size = tf.util.sizeFromShape(shape);
        const values = Int32Array.from({ length: size }, (_, i) => ((first + 5 * i) % 9) - 2);
        expectSame([tf.tensor(values, shape, 'int32')], (indices) => {
          const rows = tf.oneHot(indices as tf.Tensor1D, depth, on, off, dtype);
          expect(rows.dtype).toBe(dtype);
          return [rows];
        });
      }),
    );
  });

  it('multiply as numbers do', () => {
    expectSame([tf.tensor1d([2, -1, 0, 3], 'int32'), random([3, 4])], (ids, table) => [
      tf.matMul(tf.oneHot(ids as tf.Tensor1D, 3, 1, 0, 'float32') as tf.Tensor2D, table as tf.Tensor2D),
    ]);
  });
});
