import { useBackend } from '@dn-detr/runtime';
import {
  expectClose,
  expectDerivative,
  expectNoLeak,
  expectSameOp,
  kernelsOf,
  spread,
} from '@dn-detr/testing/differentiation';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { type ConvOptions, conv2d, convolution } from './conv.ts';
import { padForWindows } from './pad.ts';

beforeAll(() => useBackend('cpu'));

/** A convolution by definition: for each tap of the kernel, a product of strided pixels. */
function byTaps(x: tf.Tensor4D, weight: tf.Tensor4D, bias: tf.Tensor, options: ConvOptions): tf.Tensor {
  const { stride = 1, padding = 0, dilation = 1 } = options;
  const [size, , inputs, outputs] = weight.shape;
  const around: [number, number] = [padding, padding];
  const padded = tf.pad(x, [[0, 0], around, around, [0, 0]]);
  const [batch, height, width] = padded.shape;
  const [h, w] = [height, width].map((length) => Math.floor((length - dilation * (size - 1) - 1) / stride) + 1);
  let total: tf.Tensor = bias;
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < size; j++) {
      const [rows, columns] = [
        Array.from({ length: h as number }, (_, y) => y * stride + i * dilation),
        Array.from({ length: w as number }, (_, x) => x * stride + j * dilation),
      ];
      const seen = tf.gather(tf.gather(padded, tf.tensor1d(rows, 'int32'), 1), tf.tensor1d(columns, 'int32'), 2);
      const tap = tf.reshape(tf.slice(weight, [i, j, 0, 0], [1, 1, inputs, outputs]), [inputs, outputs]);
      const product = tf.matMul(tf.reshape(seen, [-1, inputs]) as tf.Tensor2D, tap as tf.Tensor2D);
      total = tf.add(total, tf.reshape(product, [batch, h as number, w as number, outputs]));
    }
  }
  return total;
}

const cases: { name: string; size: number; image: [number, number]; options: ConvOptions; kernels: number }[] = [
  { name: '1×1', size: 1, image: [4, 3], options: {}, kernels: 5 },
  { name: '1×1, stride 2', size: 1, image: [5, 4], options: { stride: 2 }, kernels: 5 },
  { name: '3×3', size: 3, image: [4, 5], options: { padding: 1 }, kernels: 5 },
  { name: '3×3 without padding', size: 3, image: [4, 5], options: {}, kernels: 5 },
  { name: '3×3, stride 2', size: 3, image: [6, 7], options: { stride: 2, padding: 1 }, kernels: 7 },
  { name: '7×7, stride 2', size: 7, image: [8, 9], options: { stride: 2, padding: 3 }, kernels: 7 },
  { name: '3×3, dilation 2', size: 3, image: [6, 5], options: { padding: 2, dilation: 2 }, kernels: 9 },
  { name: '3×3, dilation 3, odd padding', size: 3, image: [8, 7], options: { padding: 1, dilation: 3 }, kernels: 9 },
];

describe.each(cases)('conv2d $name', ({ size, image, options, kernels }) => {
  const inputs = () => [spread([2, ...image, 3]), spread([size, size, 3, 4], 1), spread([4], 2)];
  const ours = (x?: tf.Tensor, weight?: tf.Tensor, bias?: tf.Tensor) =>
    conv2d(x as tf.Tensor4D, { weight: weight as tf.Tensor4D, bias: bias as tf.Tensor1D }, options);

  it('agrees with the definition, and so do its gradients', () => {
    expectSameOp(
      ours,
      (x, weight, bias) => byTaps(x as tf.Tensor4D, weight as tf.Tensor4D, bias as tf.Tensor, options),
      inputs(),
    );
  });

  it('has a gradient that agrees with finite differences', () => {
    expectDerivative(ours, inputs());
  });

  it('leaves no tensor behind', () => {
    expectNoLeak(ours, inputs());
  });

  it('runs few kernels', async () => {
    expect(await kernelsOf(ours, inputs())).toHaveLength(kernels);
  });
});

describe('conv2d', () => {
  it('computes no gradient of images', async () => {
    const x = spread([1, 6, 6, 3]) as tf.Tensor4D;
    const kernels = await kernelsOf(
      (weight) => conv2d(x, { weight: weight as tf.Tensor4D }, { stride: 2, padding: 1 }),
      [spread([3, 3, 3, 2])],
    );
    expect(kernels).toEqual(['PadV2', 'Conv2D', 'Conv2DBackpropFilter']);
  });

  it('names the shapes that do not fit', () => {
    const x = spread([1, 4, 4, 3]) as tf.Tensor4D;
    const convolve = (shape: number[], options?: ConvOptions) => () =>
      conv2d(x, { weight: spread(shape) as tf.Tensor4D }, options);
    expect(convolve([3, 3, 2, 4])).toThrow('input [1,4,4,3] does not fit weight [3,3,2,4] (kept as [k, k, in, out])');
    expect(convolve([3, 1, 3, 4])).toThrow('weight [3,1,3,4]');
    expect(convolve([3, 3, 3, 4], { stride: 2, dilation: 2 })).toThrow('dilation 2 does not go with stride 2');
    expect(convolve([7, 7, 3, 4], { stride: 2, padding: 1 })).toThrow('a window of 7 does not fit into 4 values');
  });

  it("starts from PyTorch's distribution, with a bias if requested", () => {
    const sizes = { size: 3, inputs: 2, outputs: 4, group: 'rest' } as const;
    const { parameters } = convolution('head', { ...sizes, bias: true });
    expect(parameters).toMatchObject([
      { name: 'head.weight', shape: [3, 3, 2, 4], kernel: true, group: 'rest' },
      { name: 'head.bias', shape: [4], group: 'rest' },
    ]);
    expect(convolution('head', sizes).parameters.map(({ name }) => name)).toEqual(['head.weight']);
    // PyTorch's bound, 1 / √(3 · 3 · 2).
    const [weight] = parameters.map(({ shape, init }) => init(shape, 1));
    expectClose(tf.max(tf.abs(weight as tf.Tensor)), tf.scalar(Math.sqrt(1 / 18)), 0.01);
  });
});

describe('padForWindows', () => {
  it('leaves out the zeros that no window reaches', () => {
    const windows = { size: 3, stride: 2, padding: 1 };
    expect(padForWindows(tf.zeros([1, 6, 7, 1]), windows).shape).toEqual([1, 7, 9, 1]);
  });

  it('returns its input if no padding is needed', () => {
    const x = tf.zeros<tf.Rank.R4>([1, 6, 6, 1]);
    expect(padForWindows(x, { size: 2, stride: 2, padding: 0 })).toBe(x);
  });
});
