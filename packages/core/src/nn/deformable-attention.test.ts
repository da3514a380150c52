import { useBackend } from '@dn-detr/runtime';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { expectNoLeak, spread } from '../../../../test/support/differentiation.ts';
import { deformableAttention } from './deformable-attention.ts';
import { initialParameters } from './init.ts';

beforeAll(() => useBackend('cpu'));

const options = { width: 8, heads: 2, levels: 2, points: 2, group: 'rest' } as const;
const attention = deformableAttention('a', options);
const levels = [
  { height: 2, width: 3 },
  { height: 1, width: 2 },
];
const [batch, queries, pixels] = [2, 3, 8];
const inputs = () => ({
  query: spread([batch * queries, 8], 1) as tf.Tensor2D,
  value: spread([batch * pixels, 8], 2) as tf.Tensor2D,
  sizes: levels,
  pass: { batch },
  references: tf.fill([batch, queries, 2, 2], 0.5) as tf.Tensor4D,
});

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

  it('start from offsets in a direction of each head, and no preference', () => {
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
    // Heads to the right and to the left; on both levels one step, then two.
    const offsets = [...(start['a.sampling_offsets.bias'] as tf.Tensor).dataSync()].map(Math.round);
    expect(offsets.map((number) => number + 0)).toEqual([1, 0, 2, 0, 1, 0, 2, 0, -1, 0, -2, 0, -1, 0, -2, 0]);
  });

  it('refuse heads that do not divide the width', () => {
    expect(() => deformableAttention('a', { ...options, heads: 3 })).toThrow('3 heads do not divide the width 8');
  });
});

describe('deformable attention', () => {
  const tensors = () => initialParameters(attention.parameters, 1);

  it('does not see padding', () => {
    const { value, ...rest } = inputs();
    const padding = tf.tensor2d([0, 0, 1, 0, 0, 1, 0, 1, ...Array(8).fill(0)], [batch, pixels]);
    const seen = attention.apply(tensors(), { ...rest, value, padding });
    const changed = tf.where(tf.cast(tf.reshape(padding, [-1, 1]), 'bool'), tf.fill([16, 8], 7), value) as tf.Tensor2D;
    expect(attention.apply(tensors(), { ...rest, value: changed, padding }).dataSync()).toEqual(seen.dataSync());
    expect(attention.apply(tensors(), { ...rest, value: changed }).dataSync()).not.toEqual(seen.dataSync());
  });

  it('leaves nothing behind', () => {
    const { sizes, pass, ...rest } = inputs();
    const [named, names] = [tensors(), attention.parameters.map(({ name }) => name)];
    expectNoLeak(
      (query, value, references, ...parameters) =>
        attention.apply(Object.fromEntries(names.map((name, i) => [name, parameters[i] as tf.Tensor])), {
          ...{ query, value, references, sizes, pass },
        } as never),
      [...Object.values(rest), ...names.map((name) => named[name] as tf.Tensor)],
    );
  });
});
