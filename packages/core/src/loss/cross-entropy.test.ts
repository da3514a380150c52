import { useBackend } from '@dn-detr/runtime';
import {
  expectDerivative,
  expectNoLeak,
  expectSameOp,
  kernelsOf,
  type Op,
  spread,
  valueAndGrads,
} from '@dn-detr/testing/differentiation';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { crossEntropyRows } from './cross-entropy.ts';

beforeAll(() => useBackend('cpu'));

const classes = () => tf.tensor1d([2, 3, 0, 3, 1], 'int32');
const weights = () => tf.tensor1d([0.5, 0.1, 0, 0.1, 0.25]);
const logits = () => tf.mul(spread([5, 4]), 3);

const ours: Op = (x) => crossEntropyRows(x as tf.Tensor2D, classes(), weights());
const plain: Op = (x) => {
  const own = tf.sum(tf.mul(tf.oneHot(classes(), 4, 1, 0, 'float32'), tf.log(tf.softmax(x as tf.Tensor))), 1);
  return tf.mul(tf.neg(own), weights());
};

describe('crossEntropyRows', () => {
  it('has the value and gradient of the formula', () => {
    expectSameOp(ours, plain, [logits()]);
    expectDerivative(ours, [logits()]);
  });

  it('is accurate for logits of any size', () => {
    const x = tf.tensor2d([100, -100, 0, -100, 100, 0], [2, 3]);
    const op: Op = (x) => crossEntropyRows(x as tf.Tensor2D, tf.tensor1d([0, 0], 'int32'), tf.ones([2]));
    const [value, grad] = [op(x), tf.grad((x) => op(x))(x)];
    expect([...value.dataSync()]).toEqual([0, 200]);
    expect([...grad.dataSync()].map((x) => x + 0)).toEqual([0, 0, expect.closeTo(0, 20), -1, 1, expect.closeTo(0, 20)]);
  });

  it('has no gradient where the weight is 0', () => {
    const [, grad] = valueAndGrads(ours, [logits()]);
    expect((grad as tf.Tensor2D).arraySync()[2]?.map(Math.abs)).toEqual([0, 0, 0, 0]);
  });

  it('runs few kernels and leaves no tensor behind', async () => {
    const [targets, scale] = [classes(), weights()];
    const op: Op = (x) => crossEntropyRows(x as tf.Tensor2D, targets, scale);
    expectNoLeak(op, [logits()]);
    expect(await kernelsOf(op, [logits()])).toHaveLength(17);
  });
});
