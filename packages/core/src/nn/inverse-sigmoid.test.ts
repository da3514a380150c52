import { inverseSigmoid as inverseSigmoidOfArray } from '@dn-detr/boxes';
import { useBackend } from '@dn-detr/runtime';
import { expectDerivative, expectNoLeak, spread, valueAndGrads } from '@dn-detr/testing/differentiation';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { inverseSigmoid } from './inverse-sigmoid.ts';

beforeAll(() => useBackend('cpu'));

const inside = () => tf.add(tf.mul(spread([3, 4]), 0.45), 0.5);

describe('inverseSigmoid', () => {
  it('undoes the sigmoid', () => {
    const x = spread([3, 4]);
    expect([...inverseSigmoid(tf.sigmoid(x)).dataSync()]).toEqual([...x.dataSync()].map((v) => expect.closeTo(v, 5)));
  });

  it('has the values of the array version, outside 0..1 too', () => {
    const x = Float32Array.of(-1, 0, 1e-4, 1e-3, 0.3, 1 - 1e-4, 1, 2);
    for (const eps of [1e-3, 1e-5]) {
      const expected = [...inverseSigmoidOfArray(x, eps)].map((value) => expect.closeTo(value, 3));
      expect([...inverseSigmoid(tf.tensor1d(x), eps).dataSync()]).toEqual(expected);
    }
  });

  it('has a gradient that agrees with finite differences', () => {
    expectDerivative((x) => inverseSigmoid(x as tf.Tensor), [inside()], 1e-3);
  });

  it('passes no gradient where it clamps, nor at the bound', () => {
    const eps = 2 ** -10;
    const x = [-1, 0, eps / 2, eps, 1 - eps, 1 - eps / 2, 1, 2];
    const [, grad] = valueAndGrads((x) => tf.sum(inverseSigmoid(x as tf.Tensor, eps)), [tf.tensor1d(x)]);
    const [half, whole] = [1 / (1 - eps / 2), 1 / (1 - eps)];
    const expected = [0, 0, half, whole, whole, half, 0, 0].map((value) => expect.closeTo(value, 5));
    expect([...(grad as tf.Tensor).dataSync()]).toEqual(expected);
  });

  it('leaves no tensor behind', () => {
    expectNoLeak((x) => inverseSigmoid(x as tf.Tensor), [inside()]);
  });
});
