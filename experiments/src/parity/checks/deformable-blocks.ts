/** Parts of Deformable DETR: the attention module of the original, and what its offsets start from. */
import {
  type DeformableAttentionSizes,
  deformableAttention,
  initialParameters,
  type LevelSize,
} from '@dn-detr/core/nn';
import { reshape, type Tensor, type Tensor2D, type Tensor4D } from '@tensorflow/tfjs-core';
import type { Check, Computed } from '../check.ts';
import type { Fixture } from '../fixture.ts';
import { loadPrefixed, loadTensor, take, valueAndNamedGrads, withoutLeak } from '../gradients.ts';
import { arrayAt, type JsonObject, numberAt } from '../json.ts';

const fields = [
  'ref_dim',
  'd_model',
  'num_heads',
  'num_levels',
  'num_points',
  'ffn',
  'spatial_shapes',
  'image',
  'valid',
];

export const deformableBlocksCheck: Check = {
  inputs: ['w.*', 'in.*', 'cot.*', 'padding_mask', ...fields, 'kinks', 'noise_float32'],
  cases: ({ cases }) => [...cases.keys()].filter((name) => /^(attn|init)/.test(name)),
  run: (fixture, caseName) =>
    withoutLeak(() => {
      const facts = fixture.cases.get(caseName) as JsonObject;
      return caseName.startsWith('init') ? startOffsets(facts) : runAttention(fixture, caseName, facts);
    }),
};

function startOffsets(facts: JsonObject): Record<string, Computed> {
  const [heads, levels, points] = ['num_heads', 'num_levels', 'num_points'].map((field) =>
    numberAt(facts[field], field),
  ) as [number, number, number];
  const sizes = { width: heads, heads, levels, points, group: 'rest' } as const;
  const start = initialParameters(deformableAttention('a', sizes).parameters, 1);
  return { 'sampling_offsets.bias': take(start['a.sampling_offsets.bias'] as Tensor) };
}

/** Batch first: queries and values are `[B, N, d]`. */
function runAttention(fixture: Fixture, caseName: string, facts: JsonObject): Record<string, Computed> {
  const levels = arrayAt(facts.spatial_shapes, 'spatial_shapes').map((shape): LevelSize => {
    const [height, width] = arrayAt(shape, 'spatial_shapes');
    return { height: numberAt(height, 'height'), width: numberAt(width, 'width') };
  });
  const sizes: DeformableAttentionSizes = {
    width: numberAt(facts.d_model, 'd_model'),
    heads: numberAt(facts.num_heads, 'num_heads'),
    levels: levels.length,
    points: numberAt(facts.num_points, 'num_points'),
    group: 'rest',
  };
  const attention = deformableAttention('w', sizes);
  const padding = loadTensor(fixture, caseName, 'padding_mask') as Tensor2D;
  const cotangent = loadTensor(fixture, caseName, 'cot.out');
  const rows = (x: Tensor | undefined): Tensor2D => reshape(x as Tensor, [-1, sizes.width]);
  const { value, grads } = valueAndNamedGrads(
    (tensors) => {
      const input = {
        ...{ query: rows(tensors['in.query']), value: rows(tensors['in.value']), levels, padding },
        references: tensors['in.reference_points'] as Tensor4D,
      };
      return reshape(attention.apply(tensors, input), cotangent.shape);
    },
    { ...loadPrefixed(fixture, caseName, 'in.'), ...loadPrefixed(fixture, caseName, 'w.') },
    cotangent,
  );
  const gradients = Object.entries(grads).map(([name, gradient]) => [`g${name}`, take(gradient)]);
  return { 'out.out': take(value), ...Object.fromEntries(gradients) };
}
