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
import { normalizeGroups } from './group-norm.ts';

beforeAll(() => useBackend('cpu'));

const ours = (x?: tf.Tensor, weight?: tf.Tensor, bias?: tf.Tensor) =>
  normalizeGroups(x as tf.Tensor4D, weight as tf.Tensor1D, bias as tf.Tensor1D, 3);

function plain(x?: tf.Tensor, weight?: tf.Tensor, bias?: tf.Tensor): tf.Tensor {
  const [batch, height, width, channels] = (x as tf.Tensor4D).shape;
  const grouped = tf.reshape(x as tf.Tensor, [batch, height * width, 3, channels / 3]);
  const { mean, variance } = tf.moments(grouped, [1, 3], true);
  const normal = tf.div(tf.sub(grouped, mean), tf.sqrt(tf.add(variance, 1e-5)));
  return tf.add(tf.mul(tf.reshape(normal, [batch, height, width, channels]), weight as tf.Tensor), bias as tf.Tensor);
}

const inputs = () => [spread([2, 3, 5, 6]), spread([6], 1), spread([6], 2)];

describe('normalizeGroups', () => {
  it('has the value and gradients of plain tfjs', () => {
    expectSameOp(ours, plain, inputs());
  });

  it('has a gradient that agrees with finite differences', () => {
    expectDerivative(ours, inputs());
  });

  it('leaves no tensor behind', () => {
    expectNoLeak(ours, inputs());
  });

  it('runs few kernels, none of which transposes', async () => {
    const kernels = await kernelsOf(ours, inputs());
    expect(kernels).not.toContain('Transpose');
    expect(kernels.filter((name) => name !== 'Reshape')).toHaveLength(39);
  });

  it('gives an image the same result whatever else is in the batch', () => {
    const [x, weight, bias] = inputs() as [tf.Tensor4D, tf.Tensor1D, tf.Tensor1D];
    const second = tf.slice(x, [1, 0, 0, 0], [1, 3, 5, 6]);
    expectClose(
      tf.slice(normalizeGroups(x, weight, bias, 3), [1, 0, 0, 0], [1, 3, 5, 6]),
      normalizeGroups(second, weight, bias, 3),
      1e-6,
    );
  });

  it('stays accurate far from zero', () => {
    const [x, weight, bias] = inputs() as [tf.Tensor, tf.Tensor, tf.Tensor];
    const wide = tf.mul(x, 4);
    expectClose(ours(tf.add(wide, 1000), weight, bias), plain(wide, weight, bias), 1e-3);
  });

  it('gives the bias for constant images', () => {
    const [, weight, bias] = inputs();
    const result = ours(tf.fill([1, 3, 5, 6], 10), weight, bias);
    expectClose(result, tf.tile(tf.reshape(bias as tf.Tensor, [1, 1, 1, 6]), [1, 3, 5, 1]), 1e-3);
  });

  it('rejects channels that cannot be divided', () => {
    const [x, weight, bias] = inputs() as [tf.Tensor4D, tf.Tensor1D, tf.Tensor1D];
    expect(() => normalizeGroups(x, weight, bias, 4)).toThrow('6 channels cannot be divided by 4 groups');
  });
});
