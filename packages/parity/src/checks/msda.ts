/** Compares multi-scale deformable attention: only the sampling, and the module of detrex around it. */
import type { NamedTensors } from '@dn-detr/core';
import { deformableAttention, sampleDeformably } from '@dn-detr/core/nn';
import {
  add,
  type Rank,
  reshape,
  type Tensor,
  type Tensor2D,
  type Tensor4D,
  type Tensor5D,
  transpose,
} from '@tensorflow/tfjs-core';
import type { Check, Computed } from '../check.ts';
import { type Fixture, storedName, tensorOf } from '../fixture.ts';
import { loadTensor, outputsAndGradients, take, valueAndNamedGrads, withoutLeak, withPrefix } from '../gradients.ts';
import { countAt, objectAt } from '../json.ts';

const sampled = ['value', 'sampling_locations', 'attention_weights'];

export const msdaCheck: Check = {
  inputs: [
    ...[...sampled, 'in.*', 'w.*', 'spatial_shapes', 'key_padding_mask', 'cot'],
    ...['embed_dim', 'num_heads', 'num_levels', 'num_points', 'ref_dim'],
  ],
  optional: ['grad_*', 'gin.*', 'gw.*'],
  cases: ({ tensors }) => {
    const end = '.spatial_shapes';
    return [...tensors.keys()].flatMap((name) => (name.endsWith(end) ? [name.slice(0, -end.length)] : []));
  },
  run: (fixture, caseName) => {
    const isModule = fixture.tensors.has(storedName(caseName, 'in.query'));
    return withoutLeak(() => (isModule ? runModule : runCore)(fixture, caseName));
  },
};

function runCore(fixture: Fixture, caseName: string): Record<string, Computed> {
  const levels = levelsOf(fixture, caseName);
  const inputs = Object.fromEntries(sampled.map((name) => [name, loadTensor(fixture, caseName, name)]));
  const sample = (tensors: NamedTensors): Tensor =>
    sampleDeformably({
      value: tensors.value as Tensor4D,
      levels,
      locations: tensors.sampling_locations as Tensor,
      weights: tensors.attention_weights as Tensor5D,
    });
  if (!fixture.tensors.has(storedName(caseName, 'cot'))) return { out: take(sample(inputs)) };
  const { value, grads } = valueAndNamedGrads(sample, inputs, loadTensor(fixture, caseName, 'cot'));
  const gradients = sampled.map((name) => [`grad_${name}`, take(grads[name] as Tensor)]);
  return { out: take(value), ...Object.fromEntries(gradients) };
}

/** Unlike ours, detrex's module takes the query's position as a separate input, and adds the query to its output. */
function runModule(fixture: Fixture, caseName: string): Record<string, Computed> {
  const facts = objectAt(fixture.cases.get(caseName), `cases.${caseName}`);
  const count = (field: string): number => countAt(facts[field], `cases.${caseName}.${field}`);
  const sizes = levelsOf(fixture, caseName);
  const attention = deformableAttention('a', {
    width: count('embed_dim'),
    heads: count('num_heads'),
    levels: count('num_levels'),
    points: count('num_points'),
    group: 'rest',
  });
  const isPadded = fixture.tensors.has(storedName(caseName, 'key_padding_mask'));
  const padding = isPadded ? (loadTensor(fixture, caseName, 'key_padding_mask') as Tensor2D) : undefined;
  return outputsAndGradients(fixture, caseName, ({ query, query_pos, value, reference_points }, weights) => {
    const [queries, batch, width] = (query as Tensor).shape as [number, number, number];
    const toRows = (x: Tensor): Tensor2D => reshape<Rank.R2>(transpose(x, [1, 0, 2]), [-1, width]);
    const attended = attention.apply(withPrefix(weights, 'a.'), {
      query: toRows(query_pos === undefined ? (query as Tensor) : add(query as Tensor, query_pos)),
      value: toRows(value as Tensor),
      sizes,
      padding,
      references: reference_points as Tensor4D,
      pass: { batch },
    });
    return { out: add(transpose(reshape(attended, [batch, queries, width]), [1, 0, 2]), query as Tensor) };
  });
}

function levelsOf(fixture: Fixture, caseName: string) {
  const { data, shape } = tensorOf(fixture, caseName, 'spatial_shapes');
  return Array.from({ length: shape[0] as number }, (_, level) => ({
    height: Number(data[2 * level]),
    width: Number(data[2 * level + 1]),
  }));
}
