/** Multi-scale deformable attention: its sampling alone, and the attention module of detrex. */
import { deformableAttention, type LevelSize, sampleDeformably } from '@dn-detr/core/nn';
import { add, type Tensor, type Tensor2D, type Tensor4D, type Tensor5D } from '@tensorflow/tfjs-core';
import type { Check, Computed } from '../check.ts';
import { type Fixture, tensorOf } from '../fixture.ts';
import { loadPrefixed, loadTensor, take, valueAndNamedGrads, withoutLeak } from '../gradients.ts';
import { type JsonObject, numberAt } from '../json.ts';
import { fromRows, toRows } from './token-rows.ts';

const samplingInputs = ['value', 'sampling_locations', 'attention_weights'];
const fields = ['embed_dim', 'num_heads', 'num_levels', 'num_points', 'ref_dim'];

export const msdaCheck: Check = {
  inputs: [...samplingInputs, 'w.*', 'in.*', 'cot', 'spatial_shapes', 'key_padding_mask', ...fields],
  cases: ({ tensors }) => [...tensors.keys()].filter((name) => name.endsWith('.out')).map((name) => name.slice(0, -4)),
  run: (fixture, caseName) =>
    withoutLeak(() =>
      fixture.tensors.has(`${caseName}.in.query`) ? runModule(fixture, caseName) : runSampling(fixture, caseName),
    ),
};

function runSampling(fixture: Fixture, caseName: string): Record<string, Computed> {
  const inputs = Object.fromEntries(samplingInputs.map((key) => [key, loadTensor(fixture, caseName, key)]));
  const levels = levelsOf(fixture, caseName);
  const { value, grads } = valueAndNamedGrads(
    (tensors) =>
      sampleDeformably({
        value: tensors.value as Tensor4D,
        levels,
        locations: tensors.sampling_locations as Tensor,
        weights: tensors.attention_weights as Tensor5D,
      }),
    inputs,
    loadTensor(fixture, caseName, 'cot'),
  );
  const gradients = Object.entries(grads).map(([name, gradient]) => [`grad_${name}`, take(gradient)]);
  return { out: take(value), ...Object.fromEntries(gradients) };
}

/** Queries, values and positions are `[len, B, E]`, and the query is added to what comes out. */
function runModule(fixture: Fixture, caseName: string): Record<string, Computed> {
  const facts = fixture.cases.get(caseName) as JsonObject;
  const [width, heads, levelCount, points] = ['embed_dim', 'num_heads', 'num_levels', 'num_points'].map((field) =>
    numberAt(facts[field], field),
  ) as [number, number, number, number];
  const attention = deformableAttention('w', { width, heads, levels: levelCount, points, group: 'rest' });
  const levels = levelsOf(fixture, caseName);
  const padding = loadTensor(fixture, caseName, 'key_padding_mask') as Tensor2D;
  const { value, grads } = valueAndNamedGrads(
    (tensors) => {
      const query = toRows(tensors['in.query'] as Tensor);
      const input = {
        query: add<Tensor2D>(query, toRows(tensors['in.query_pos'] as Tensor)),
        value: toRows(tensors['in.value'] as Tensor),
        levels,
        references: tensors['in.reference_points'] as Tensor4D,
        padding,
      };
      return fromRows(add(attention.apply(tensors, input), query), padding.shape[0]);
    },
    { ...loadPrefixed(fixture, caseName, 'in.'), ...loadPrefixed(fixture, caseName, 'w.') },
    loadTensor(fixture, caseName, 'cot'),
  );
  const gradients = Object.entries(grads).map(([name, gradient]) => [`g${name}`, take(gradient)]);
  return { out: take(value), ...Object.fromEntries(gradients) };
}

function levelsOf(fixture: Fixture, caseName: string): LevelSize[] {
  const { data, shape } = tensorOf(fixture, caseName, 'spatial_shapes');
  return Array.from({ length: shape[0] as number }, (_, i) => ({
    height: Number(data[2 * i]),
    width: Number(data[2 * i + 1]),
  }));
}
