import { useBackend } from '@dn-detr/runtime';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  expectClose,
  expectDerivative,
  expectNoLeak,
  expectSameOp,
  kernelsOf,
  type Op,
  spread,
  valueAndGrads,
} from '../../../../test/support/differentiation.ts';
import { prelu, relu } from './activation.ts';
import { addBias, addSame } from './add.ts';
import { attentionParameters } from './attention.ts';
import { detach } from './detach.ts';
import { drop } from './dropout.ts';
import { linear, linearParameters } from './linear.ts';
import { mlp } from './mlp.ts';

import { layerNorm } from './norm.ts';
import { repeatRows } from './repeat.ts';

beforeAll(() => useBackend('cpu'));

interface Case {
  name: string;
  ours: Op;
  plain: Op;
  inputs: () => tf.Tensor[];
  /** kernels of forward and backward together */
  kernels: number;
}

const asLinear = (weight: tf.Tensor, bias: tf.Tensor) => ({ weight: weight as tf.Tensor2D, bias: bias as tf.Tensor1D });

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
    name: 'linear',
    ours: (x, weight, bias) => linear(x as tf.Tensor2D, asLinear(weight as tf.Tensor, bias as tf.Tensor)),
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
    name: 'prelu',
    ours: (x, slope) => prelu(x as tf.Tensor, slope as tf.Tensor1D),
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
    name: 'layerNorm',
    ours: (x, weight, bias) =>
      layerNorm(x as tf.Tensor2D, { weight: weight as tf.Tensor1D, bias: bias as tf.Tensor1D }),
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
    ours: (x, w1, b1, w2, b2) =>
      mlp(x as tf.Tensor2D, [asLinear(w1 as tf.Tensor, b1 as tf.Tensor), asLinear(w2 as tf.Tensor, b2 as tf.Tensor)]),
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

  it('has the gradient that finite differences show', () => {
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

describe('relu', () => {
  it('has gradient 0 at 0 and hands NaN on', () => {
    const [value, grad] = valueAndGrads((x) => relu(x as tf.Tensor), [tf.tensor1d([0, -0, 1])]);
    expect([...(value as tf.Tensor).dataSync()].map(Math.abs)).toEqual([0, 0, 1]);
    expect([...(grad as tf.Tensor).dataSync()].slice(0, 2).map(Math.abs)).toEqual([0, 0]);
  });
});

describe('layerNorm', () => {
  it('stays accurate for rows far from zero and for constant ones', () => {
    const rows = tf.tensor2d([1000, 1001, 1002, 1003, 7, 7, 7, 7], [2, 4]);
    const parameters = { weight: tf.ones([4]) as tf.Tensor1D, bias: tf.zeros([4]) as tf.Tensor1D };
    const root = Math.sqrt(1.25 + 1e-5);
    const expected = tf.tensor2d([...[-1.5, -0.5, 0.5, 1.5].map((x) => x / root), 0, 0, 0, 0], [2, 4]);
    expectClose(layerNorm(rows, parameters), expected, 1e-5);
  });
});

describe('errors', () => {
  it('name the shapes that do not fit', () => {
    expect(() => addSame(spread([2, 3]), spread([3]))).toThrow('shapes [2,3] and [3] differ');
    expect(() => addBias(spread([2, 3]) as tf.Tensor2D, spread([2]) as tf.Tensor1D)).toThrow('bias [2]');
    expect(() => linear(spread([2, 3]) as tf.Tensor2D, asLinear(spread([3, 4]), spread([3])))).toThrow('[out, in]');
    expect(() => mlp(spread([2, 3]) as tf.Tensor2D, [])).toThrow('no layers');
  });

  it('name the parameter that is missing', () => {
    expect(() => linearParameters({ 'head.weight': spread([2, 2]) }, 'head')).toThrow('no parameter named head.bias');
    expect(() => attentionParameters({}, 'self_attn')).toThrow('self_attn.in_proj_weight');
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
