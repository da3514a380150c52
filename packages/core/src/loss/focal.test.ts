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
import { type FocalOptions, focalRows } from './focal.ts';

beforeAll(() => useBackend('cpu'));

/** Rows that include one with no object (class 4) and one of weight 0. */
const classes = () => tf.tensor1d([2, 4, 0, 3, 1], 'int32');
const weights = () => tf.tensor1d([0.5, 1, 0, 2, 0.25]);
const logits = () => tf.mul(spread([5, 4]), 3);

const ours =
  (options: FocalOptions): Op =>
  (x) =>
    focalRows(x as tf.Tensor2D, classes(), weights(), options);

/** The reference's formula, with the binary cross entropy of probabilities. */
const plain =
  ({ alpha, gamma }: FocalOptions): Op =>
  (x) => {
    const target = tf.oneHot(classes(), 4, 1, 0, 'float32');
    const others = tf.sub(1, target);
    const p = tf.sigmoid(x as tf.Tensor);
    const entropy = tf.neg(tf.add(tf.mul(target, tf.log(p)), tf.mul(others, tf.log(tf.sub(1, p)))));
    const right = tf.add(tf.mul(p, target), tf.mul(tf.sub(1, p), others));
    const losses = tf.mul(entropy, tf.pow(tf.sub(1, right), gamma));
    const balance = alpha < 0 ? tf.onesLike(target) : tf.add(tf.mul(target, alpha), tf.mul(others, 1 - alpha));
    return tf.mul(tf.sum(tf.mul(losses, balance), 1), weights());
  };

const options: FocalOptions[] = [
  { alpha: 0.25, gamma: 2 },
  { alpha: 0.6, gamma: 3 },
  { alpha: -1, gamma: 1.5 },
  { alpha: 0.25, gamma: 0 },
];

describe.each(options)('focalRows with alpha $alpha, gamma $gamma', (options) => {
  it('has the value and gradient of the formula', () => {
    expectSameOp(ours(options), plain(options), [logits()]);
    expectDerivative(ours(options), [logits()]);
  });
});

describe('focalRows', () => {
  it('is accurate for logits of any size', () => {
    const x = tf.tensor2d([-100, -30, 30, 100], [4, 1]);
    const rows = (own: boolean): Op => {
      const classes = tf.fill([4], own ? 0 : 1, 'int32') as tf.Tensor1D;
      return (x) => focalRows(x as tf.Tensor2D, classes, tf.ones([4]), { alpha: 0.25, gamma: 2 });
    };
    const lists = (op: Op) => {
      const value = [...op(x).dataSync()];
      const grad = [
        ...tf
          .grad((x) => op(x))(x)
          .dataSync(),
      ];
      return [value, grad];
    };
    const near = (expected: number[]) => expected.map((value) => expect.closeTo(value, 5));
    expect(lists(rows(true))).toEqual([near([25, 7.5, 0, 0]), near([-0.25, -0.25, 0, 0])]);
    expect(lists(rows(false))).toEqual([near([0, 0, 22.5, 75]), near([0, 0, 0.75, 0.75])]);
  });

  it('has no gradient where the weight is 0', () => {
    const [, grad] = valueAndGrads(ours({ alpha: 0.25, gamma: 2 }), [logits()]);
    const rows = (grad as tf.Tensor2D).arraySync();
    expect(rows[2]?.map(Math.abs)).toEqual([0, 0, 0, 0]);
    expect(rows[1]?.every((value) => value !== 0)).toBe(true);
  });

  it('runs few kernels and leaves no tensor behind', async () => {
    const [targets, scale] = [classes(), weights()];
    const op: Op = (x) => focalRows(x as tf.Tensor2D, targets, scale, { alpha: 0.25, gamma: 2 });
    expectNoLeak(op, [logits()]);
    expect(await kernelsOf(op, [logits()])).toHaveLength(23);
  });
});
