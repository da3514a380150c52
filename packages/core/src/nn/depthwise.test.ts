import { useBackend } from '@dn-detr/runtime';
import { expectDerivative, expectNoLeak, expectSameOp, spread } from '@dn-detr/testing/differentiation';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { depthwiseConv2d } from './depthwise.ts';

beforeAll(() => useBackend('cpu'));

/** The definition: for each tap of the kernel, the strided pixels times one number per channel. */
function byTaps(x: tf.Tensor4D, weight: tf.Tensor4D, stride: number): tf.Tensor {
  const [size, , , channels] = weight.shape;
  const counts = [x.shape[1], x.shape[2]].map((length) => Math.ceil(length / stride)) as [number, number];
  const margins = [x.shape[1], x.shape[2]].map((length, i): [number, number] => {
    const all = Math.max(0, ((counts[i] as number) - 1) * stride + size - length);
    return [Math.floor(all / 2), Math.ceil(all / 2)];
  }) as [[number, number], [number, number]];
  const padded = tf.pad(x, [[0, 0], ...margins, [0, 0]]);
  const taps: tf.Tensor[] = [];
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < size; j++) {
      const [rows, columns] = counts.map((count, axis) =>
        tf.tensor1d(
          Array.from({ length: count }, (_, k) => k * stride + ([i, j][axis] as number)),
          'int32',
        ),
      ) as [tf.Tensor1D, tf.Tensor1D];
      const met = tf.gather(tf.gather(padded, rows, 1), columns, 2);
      taps.push(tf.mul(met, tf.reshape(tf.slice(weight, [i, j, 0, 0], [1, 1, 1, channels]), [channels])));
    }
  }
  return tf.addN(taps);
}

describe.each([
  { size: 3, stride: 1, image: [4, 5] },
  { size: 3, stride: 2, image: [4, 7] },
  { size: 5, stride: 2, image: [6, 5] },
  { size: 5, stride: 1, image: [3, 2] },
])('depthwiseConv2d $size×$size, stride $stride, on $image', ({ size, stride, image }) => {
  const inputs = () => [spread([2, ...image, 3]), spread([size, size, 1, 3], 1)];
  const ours = (x?: tf.Tensor, weight?: tf.Tensor) => depthwiseConv2d(x as tf.Tensor4D, weight as tf.Tensor4D, stride);

  it('agrees with the definition, and so do its gradients', () => {
    expectSameOp(ours, (x, weight) => byTaps(x as tf.Tensor4D, weight as tf.Tensor4D, stride), inputs());
  });

  it('has a gradient that agrees with finite differences', () => {
    expectDerivative(ours, inputs());
  });

  it('leaves no tensor behind', () => {
    expectNoLeak(ours, inputs());
  });
});

it('rejects a kernel that does not fit', () => {
  const x = tf.zeros<tf.Rank.R4>([1, 4, 4, 3]);
  const message = 'depthwiseConv2d: input [1,4,4,3] does not fit weight [3,3,3,1] (kept as [k, k, 1, C])';
  expect(() => depthwiseConv2d(x, tf.zeros([3, 3, 3, 1]))).toThrow(message);
  expect(() => depthwiseConv2d(x, tf.zeros([3, 3, 1, 4]))).toThrow('does not fit weight [3,3,1,4]');
});
