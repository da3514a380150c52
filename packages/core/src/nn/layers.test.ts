import { useBackend } from '@dn-detr/runtime';
import {
  expectClose,
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
import { relu, relu6, reluWithSlope } from './activation.ts';
import { addBias, addSame } from './add.ts';
import { detach } from './detach.ts';
import { drop } from './dropout.ts';
import { affine } from './linear.ts';
import { mlp } from './mlp.ts';
import type { NamedTensors } from './named.ts';
import { normalizeRows } from './norm.ts';
import { repeatRows } from './repeat.ts';

beforeAll(() => useBackend('cpu'));

interface Case {
  name: string;
  ours: Op;
  plain: Op;
  inputs: () => tf.Tensor[];
  /** Total number of kernels, forward and backward. */
  kernels: number;
}

const plainNorm: Op = (x, weight, bias) => {
  const { mean, variance } = tf.moments(x as tf.Tensor, 1, true);
  const normal = tf.div(tf.sub(x as tf.Tensor, mean), tf.sqrt(tf.add(variance, 1e-5)));
  return tf.add(tf.mul(normal, weight as tf.Tensor), bias as tf.Tensor);
};

const plainLinear: Op = (x, weight, bias) =>
  tf.add(tf.matMul(x as tf.Tensor, tf.transpose(weight as tf.Tensor)), bias as tf.Tensor);

const cases: Case[] = [
  {
    name: 'addSame',
    ours: (a, b) => addSame(a as tf.Tensor, b as tf.Tensor),
    plain: (a, b) => tf.add(a as tf.Tensor, b as tf.Tensor),
    inputs: () => [spread([3, 4]), spread([3, 4], 1)],
    kernels: 1,
  },
  {
    name: 'addBias',
    ours: (x, bias) => addBias(x as tf.Tensor2D, bias as tf.Tensor1D),
    plain: (x, bias) => tf.add(x as tf.Tensor, bias as tf.Tensor),
    inputs: () => [spread([5, 4]), spread([4], 1)],
    kernels: 4,
  },
  {
    name: 'affine',
    ours: (x, weight, bias) => affine(x as tf.Tensor2D, weight as tf.Tensor2D, bias as tf.Tensor1D),
    plain: plainLinear,
    inputs: () => [spread([5, 3]), spread([4, 3], 1), spread([4], 2)],
    kernels: 7,
  },
  {
    name: 'relu',
    ours: (x) => relu(x as tf.Tensor),
    plain: (x) => tf.relu(x as tf.Tensor),
    inputs: () => [tf.tensor2d([-2, -0.5, 0, 0.5, 1, 2], [2, 3])],
    kernels: 3,
  },
  {
    name: 'relu6',
    ours: (x) => relu6(x as tf.Tensor),
    plain: (x) => tf.relu6(x as tf.Tensor),
    inputs: () => [tf.tensor2d([-2, -0.5, 0.3, 0.5, 5.5, 7], [2, 3])],
    kernels: 5,
  },
  {
    name: 'reluWithSlope',
    ours: (x, slope) => reluWithSlope(x as tf.Tensor, slope as tf.Tensor1D),
    plain: (x, slope) => tf.prelu(x as tf.Tensor, slope as tf.Tensor),
    inputs: () => [tf.tensor2d([-2, -0.5, -0.1, 0.5, 1, 2], [2, 3]), tf.tensor1d([0.25])],
    kernels: 11,
  },
  {
    name: 'drop',
    ours: (x) => drop(x as tf.Tensor, { rate: 0.5, source: { dropoutMask: () => tf.tensor2d([0, 2, 2, 0], [2, 2]) } }),
    plain: (x) =>
      tf.mul(x as tf.Tensor, [
        [0, 2],
        [2, 0],
      ]),
    inputs: () => [spread([2, 2])],
    kernels: 2,
  },
  {
    name: 'normalizeRows',
    ours: (x, weight, bias) => normalizeRows(x as tf.Tensor2D, weight as tf.Tensor1D, bias as tf.Tensor1D),
    plain: plainNorm,
    inputs: () => [spread([6, 8]), spread([8], 1), spread([8], 2)],
    kernels: 24,
  },
  {
    name: 'repeatRows',
    ours: (x) => repeatRows(x as tf.Tensor2D, 3),
    plain: (x) => tf.concat([x as tf.Tensor, x as tf.Tensor, x as tf.Tensor], 0),
    inputs: () => [spread([4, 5])],
    kernels: 4,
  },
  {
    name: 'mlp',
    ours: (x, w1, b1, w2, b2) => {
      const named = { 'm.layers.0.weight': w1, 'm.layers.0.bias': b1, 'm.layers.1.weight': w2, 'm.layers.1.bias': b2 };
      return mlp('m', { widths: [3, 7, 2], group: 'rest' }).apply(named as NamedTensors, x as tf.Tensor2D);
    },
    plain: (x, w1, b1, w2, b2) =>
      plainLinear(
        tf.relu(plainLinear(x as tf.Tensor, w1 as tf.Tensor, b1 as tf.Tensor)),
        w2 as tf.Tensor,
        b2 as tf.Tensor,
      ),
    inputs: () => [spread([5, 3]), spread([7, 3], 1), spread([7], 2), spread([2, 7], 3), spread([2], 4)],
    kernels: 17,
  },
];

describe.each(cases)('$name', ({ name, ours, plain, inputs, kernels }) => {
  it('has the value and gradients of plain tfjs', () => {
    expectSameOp(ours, plain, inputs());
  });

  it('has a gradient that agrees with finite differences', () => {
    // Not where the function has a kink.
    expectDerivative(ours, name === 'relu' ? [tf.tensor2d([-2, -0.5, 0.3, 0.5, 1, 2], [2, 3])] : inputs());
  });

  it('leaves no tensor behind', () => {
    expectNoLeak(ours, inputs());
  });

  it('runs few kernels', async () => {
    expect(await kernelsOf(ours, inputs())).toHaveLength(kernels);
  });
});

describe('gradients that meet', () => {
  it('are added up where a tensor is used more than once', () => {
    const ours: Op = (x) => addSame(addSame(x as tf.Tensor, x as tf.Tensor), relu(x as tf.Tensor));
    expectSameOp(ours, (x) => tf.add(tf.mul(x as tf.Tensor, 2), tf.relu(x as tf.Tensor)), [spread([3, 4])]);
    expectNoLeak(ours, [spread([3, 4])]);
  });
});

describe('relu6', () => {
  it('has gradient 0 at both ends', () => {
    const [value, grad] = valueAndGrads((x) => relu6(x as tf.Tensor), [tf.tensor1d([0, 6, 9])]);
    expect([...(value as tf.Tensor).dataSync()]).toEqual([0, 6, 6]);
    expect([...(grad as tf.Tensor).dataSync()].map(Math.abs)).toEqual([0, 0, 0]);
  });
});

describe('relu', () => {
  it('has gradient 0 at 0 and propagates NaN', () => {
    const [value, grad] = valueAndGrads((x) => relu(x as tf.Tensor), [tf.tensor1d([0, -0, 1])]);
    expect([...(value as tf.Tensor).dataSync()].map(Math.abs)).toEqual([0, 0, 1]);
    expect([...(grad as tf.Tensor).dataSync()].slice(0, 2).map(Math.abs)).toEqual([0, 0]);
  });
});

describe('normalizeRows', () => {
  it('stays accurate for rows far from zero and for constant ones', () => {
    const rows = tf.tensor2d([1000, 1001, 1002, 1003, 7, 7, 7, 7], [2, 4]);
    const root = Math.sqrt(1.25 + 1e-5);
    const expected = tf.tensor2d([...[-1.5, -0.5, 0.5, 1.5].map((x) => x / root), 0, 0, 0, 0], [2, 4]);
    expectClose(normalizeRows(rows, tf.ones([4]), tf.zeros([4])), expected, 1e-5);
  });
});

describe('errors', () => {
  it('name the shapes that do not fit', () => {
    expect(() => addSame(spread([2, 3]), spread([3]))).toThrow('shapes [2,3] and [3] differ');
    expect(() => addBias(spread([2, 3]) as tf.Tensor2D, spread([2]) as tf.Tensor1D)).toThrow('bias [2]');
    expect(() => affine(spread([2, 3]) as tf.Tensor2D, spread([3, 4]) as tf.Tensor2D, tf.zeros([3]))).toThrow(
      '[out, in]',
    );
    expect(() => mlp('head', { widths: [3], group: 'rest' })).toThrow(
      'mlp head: expected at least two widths, got [3]',
    );
  });
});

describe('detach', () => {
  it('keeps the values and stops the gradient', () => {
    const x = spread([3]);
    const { value, grads } = tf.valueAndGrads((a: tf.Tensor) => tf.mul(a, detach(a)))([x]);
    expectClose(value, tf.square(x), 0);
    expectClose(grads[0] as tf.Tensor, x, 0);
    expectNoLeak((a) => tf.mul(a as tf.Tensor, detach(a as tf.Tensor)), [x]);
  });
});
