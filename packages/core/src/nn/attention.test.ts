import { useBackend } from '@dn-detr/runtime';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  expectClose,
  expectDerivative,
  expectNoLeak,
  expectSameOp,
  kernelsOf,
  spread,
} from '../../../../test/support/differentiation.ts';
import { type AttentionParameters, attend, multiHeadAttention, scaledDotProduct } from './attention.ts';

beforeAll(() => useBackend('cpu'));

const shape = { batch: 2, heads: 2 };
const [queries, keys, width] = [3, 5, 4];

/** Attention head by head and image by image, as it is written in a textbook. */
function plainAttend(q: tf.Tensor, k: tf.Tensor, v: tf.Tensor): tf.Tensor {
  const pieces = (x: tf.Tensor) => tf.split(x, shape.batch, 0).map((image) => tf.split(image, shape.heads, 1));
  const [qs, ks, vs] = [pieces(q), pieces(k), pieces(v)];
  const images = qs.map((heads, b) =>
    tf.concat(
      heads.map((head, h) => {
        const scores = tf.matMul(head, tf.transpose(ks[b]?.[h] as tf.Tensor));
        return tf.matMul(tf.softmax(tf.div(scores, Math.sqrt(head.shape[1] as number))), vs[b]?.[h] as tf.Tensor);
      }),
      1,
    ),
  );
  return tf.concat(images, 0);
}

const parameters = (weight: tf.Tensor, bias: tf.Tensor, out: tf.Tensor, outBias: tf.Tensor): AttentionParameters => ({
  inProjWeight: weight as tf.Tensor2D,
  inProjBias: bias as tf.Tensor1D,
  outProj: { weight: out as tf.Tensor2D, bias: outBias as tf.Tensor1D },
});

function plainAttention(inputs: tf.Tensor[], [weight, bias, out, outBias]: tf.Tensor[]): tf.Tensor {
  const weights = tf.split(weight as tf.Tensor, 3);
  const biases = tf.split(bias as tf.Tensor, 3);
  const projected = inputs.map((x, i) =>
    tf.add(tf.matMul(x, weights[i] as tf.Tensor, false, true), biases[i] as tf.Tensor),
  );
  const attended = plainAttend(...(projected as [tf.Tensor, tf.Tensor, tf.Tensor]));
  return tf.add(tf.matMul(attended, out as tf.Tensor, false, true), outBias as tf.Tensor);
}

const parameterTensors = () => [
  spread([3 * width, width], 10),
  spread([3 * width], 11),
  spread([width, width], 12),
  spread([width], 13),
];

type Op = (...inputs: tf.Tensor[]) => tf.Tensor;

const self: Op = (qk, v, ...p) => {
  const [query, value] = [qk as tf.Tensor2D, v as tf.Tensor2D];
  return multiHeadAttention({ query, key: query, value }, parameters(...(p as Parameters<typeof parameters>)), shape);
};
const cross: Op = (q, k, v, ...p) =>
  multiHeadAttention(
    { query: q as tf.Tensor2D, key: k as tf.Tensor2D, value: v as tf.Tensor2D },
    parameters(...(p as Parameters<typeof parameters>)),
    shape,
  );
const tokens = (count: number, seed: number) => spread([shape.batch * count, width], seed);
const selfInputs = () => [tokens(queries, 1), tokens(queries, 2), ...parameterTensors()];
const crossInputs = () => [tokens(queries, 1), tokens(keys, 2), tokens(keys, 3), ...parameterTensors()];

describe('multiHeadAttention', () => {
  it('is textbook attention when query and key are one tensor', () => {
    expectSameOp(self, (qk, v, ...p) => plainAttention([qk, qk, v] as tf.Tensor[], p), selfInputs());
    expectDerivative(self, selfInputs());
  });

  it('is textbook attention when all three differ', () => {
    expectSameOp(cross, (q, k, v, ...p) => plainAttention([q, k, v] as tf.Tensor[], p), crossInputs());
    expectDerivative(cross, crossInputs());
  });

  it('takes projections apart as well as packed', () => {
    const [q, k, v, ...p] = crossInputs() as [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D, ...tf.Tensor[]];
    const packed = parameters(...(p as Parameters<typeof parameters>));
    const [query, key, value] = tf.split(p[0] as tf.Tensor2D, 3) as [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D];
    const apart = { ...packed, inProjWeight: { query, key, value } };
    for (const inputs of [
      { query: q, key: k, value: v },
      { query: q, key: q, value: q },
    ]) {
      expectClose(multiHeadAttention(inputs, apart, shape), multiHeadAttention(inputs, packed, shape), 1e-6);
    }
  });

  it('leaves no tensor behind', () => {
    expectNoLeak(self, selfInputs());
    expectNoLeak(cross, crossInputs());
  });

  it('shares a product and never slices', async () => {
    const selfKernels = await kernelsOf(self, selfInputs());
    const crossKernels = await kernelsOf(cross, crossInputs());
    const products = (names: string[]) => names.filter((name) => name === 'BatchMatMul').length;
    // Projections count three each (forward, two gradients), and the heads' own products six.
    expect(products(selfKernels)).toBe(3 * 3 + 6);
    expect(products(crossKernels)).toBe(4 * 3 + 6);
    for (const names of [selfKernels, crossKernels]) {
      expect(names.filter((name) => ['Slice', 'PadV2', 'Cast', 'Tile'].includes(name))).toEqual([]);
    }
    expect(selfKernels).toHaveLength(52);
    expect(crossKernels).toHaveLength(61);
  });

  it('says when the heads or the batch do not fit', () => {
    const [qk, v, ...p] = selfInputs() as [tf.Tensor2D, tf.Tensor2D, ...tf.Tensor[]];
    const packed = parameters(...(p as Parameters<typeof parameters>));
    const inputs = { query: qk, key: qk, value: v };
    expect(() => multiHeadAttention(inputs, packed, { batch: 4, heads: 2 })).toThrow('batch 4');
    expect(() => multiHeadAttention(inputs, packed, { batch: 2, heads: 3 })).toThrow('3 heads');
  });
});

describe('attend', () => {
  it('takes queries and keys wider than values', () => {
    const inputs = [spread([6, 8], 1), spread([10, 8], 2), spread([10, 4], 3)];
    const ours: Op = (q, k, v) => attend(q as tf.Tensor2D, k as tf.Tensor2D, v as tf.Tensor2D, shape);
    expectSameOp(ours, (q, k, v) => plainAttend(q as tf.Tensor, k as tf.Tensor, v as tf.Tensor), inputs);
  });
});

describe('scaledDotProduct', () => {
  it('stays finite for scores far apart', () => {
    const q = tf.mul(spread([1, 3, 4], 1), 1000) as tf.Tensor3D;
    const y = scaledDotProduct(q, q, spread([1, 3, 2], 2) as tf.Tensor3D);
    expect(y.dataSync().every(Number.isFinite)).toBe(true);
  });
});
