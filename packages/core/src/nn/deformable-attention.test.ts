import { useBackend } from '@dn-detr/runtime';
import { expectDerivative, expectNoLeak, type Op, spread } from '@dn-detr/testing/differentiation';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { deformableAttention } from './deformable-attention.ts';
import { initialParameters } from './init.ts';

const width = 8;
const sizes = [
  { height: 4, width: 6 },
  { height: 2, width: 3 },
];
const [batch, queries, tokens] = [2, 3, 30];
const options = { width, heads: 2, levels: 2, points: 2, group: 'rest' } as const;
const attention = deformableAttention('a', options);
const names = attention.parameters.map(({ name }) => name);

/** Points halfway between pixel centres, away from the kinks of the value; as boxes, with sides of 0.3. */
const references = (coordinates: number): tf.Tensor4D => {
  const values = Array.from({ length: batch * queries }, (_, i) =>
    sizes.map(({ height, width }) => {
      const point = [((i % (width - 1)) + 1) / width, ((i % (height - 1)) + 1) / height];
      return coordinates === 2 ? point : [...point, 0.3, 0.3];
    }),
  );
  return tf.tensor4d(values.flat(2), [batch, queries, 2, coordinates]);
};

/** Offsets of at most a third of a pixel, so that no kink is near. */
const parameterOf = (name: string, shape: readonly number[], i: number): tf.Tensor =>
  tf.mul(spread([...shape], i), name.includes('sampling_offsets') ? 0.03 : 0.6);

const inputs = (coordinates: number): tf.Tensor[] => [
  spread([batch * queries, width], 1),
  spread([batch * tokens, width], 2),
  references(coordinates),
  ...attention.parameters.map(({ name, shape }, i) => parameterOf(name, shape, 10 + i)),
];

const op =
  (padding?: tf.Tensor2D): Op =>
  (query, value, places, ...parameters) =>
    attention.apply(Object.fromEntries(names.map((name, i) => [name, parameters[i] as tf.Tensor])), {
      query: query as tf.Tensor2D,
      value: value as tf.Tensor2D,
      references: places as tf.Tensor4D,
      sizes,
      padding,
      pass: { batch },
    });

/** Marks the last column of both levels of the second image as padding. */
const padded = (): tf.Tensor2D => {
  const columns = sizes.flatMap(({ height, width }) =>
    Array.from({ length: height * width }, (_, i) => Number(i % width === width - 1)),
  );
  return tf.tensor2d([...columns.map(() => 0), ...columns], [batch, tokens]);
};

beforeAll(() => useBackend('cpu'));

describe('the parameters of deformable attention', () => {
  it('are those of the reference, in its order', () => {
    expect(attention.parameters.map(({ name, shape }) => [name, shape])).toEqual([
      ['a.sampling_offsets.weight', [16, 8]],
      ['a.sampling_offsets.bias', [16]],
      ['a.attention_weights.weight', [8, 8]],
      ['a.attention_weights.bias', [8]],
      ['a.value_proj.weight', [8, 8]],
      ['a.value_proj.bias', [8]],
      ['a.output_proj.weight', [8, 8]],
      ['a.output_proj.bias', [8]],
    ]);
  });

  it('start from offsets in a different direction for each head, and equal weights', () => {
    const start = initialParameters(attention.parameters, 1);
    const zero = ['sampling_offsets.weight', 'attention_weights.weight', 'attention_weights.bias'];
    for (const name of [...zero, 'value_proj.bias', 'output_proj.bias']) {
      expect([...(start[`a.${name}`] as tf.Tensor).dataSync()].every((number) => number === 0)).toBe(true);
    }
    for (const name of ['value_proj.weight', 'output_proj.weight']) {
      const values = (start[`a.${name}`] as tf.Tensor).dataSync();
      expect(Math.max(...values.map(Math.abs))).toBeLessThanOrEqual(Math.sqrt(6 / 16));
      expect(new Set(values).size).toBeGreaterThan(60);
    }
    // One head looks to the right and one to the left; on both levels, one step and then two.
    const offsets = [...(start['a.sampling_offsets.bias'] as tf.Tensor).dataSync()].map(Math.round);
    expect(offsets.map((number) => number + 0)).toEqual([1, 0, 2, 0, 1, 0, 2, 0, -1, 0, -2, 0, -1, 0, -2, 0]);
  });

  it('reject heads that do not divide the width', () => {
    expect(() => deformableAttention('a', { ...options, heads: 3 })).toThrow('3 heads do not divide the width 8');
  });
});

describe('deformable attention', () => {
  it.each([2, 4])(
    'has gradients that agree with finite differences, for references of %i coordinates',
    (coordinates) => {
      expectDerivative(op(), inputs(coordinates), 2.5e-3);
      expectDerivative(op(padded()), inputs(coordinates), 2.5e-3);
    },
  );

  it('leaves no tensor behind', () => {
    expectNoLeak(op(padded()), inputs(2));
  });

  it('accepts one reference for all levels and images', () => {
    const [query, value, , ...parameters] = inputs(2) as [tf.Tensor, tf.Tensor, ...tf.Tensor[]];
    const alike = tf.tensor4d([0.4, 0.3, 0.5, 0.6, 0.9, 0.1], [1, queries, 1, 2]);
    const expected = op()(query, value, tf.tile(alike, [batch, 1, 2, 1]), ...parameters);
    expect(op()(query, value, alike, ...parameters).dataSync()).toEqual(expected.dataSync());
  });

  it('treats padding as zeros after the projection, without its bias', () => {
    const [query, value, places, ...parameters] = inputs(2) as [tf.Tensor, tf.Tensor, tf.Tensor, ...tf.Tensor[]];
    const mask = tf.reshape(padded(), [-1, 1]);
    const before = op(padded())(query, value, places, ...parameters);
    const after = op(padded())(query, tf.add(value, tf.mul(mask, 50)), places, ...parameters);
    expect(after.dataSync()).toEqual(before.dataSync());
    const zeroBefore = op()(query, tf.mul(value, tf.sub(1, mask)), places, ...parameters);
    expect(before.dataSync()).not.toEqual(zeroBefore.dataSync());
  });
});
