/**
 * Multi-scale deformable attention (Zhu et al., ICLR 2021, section 4.1) with the parameters of the reference's
 * `MSDeformAttn`. Source: fundamentalvision/Deformable-DETR `models/ops/modules/ms_deform_attn.py`.
 */
import {
  add,
  mul,
  type Rank,
  reshape,
  slice,
  softmax,
  sub,
  type Tensor,
  type Tensor2D,
  type Tensor4D,
  tensor,
  tensor1d,
} from '@tensorflow/tfjs-core';
import type { AttentionSizes } from './attention.ts';
import { type LevelSize, sampleDeformably } from './deformable-sampling.ts';
import { constant, type Init, xavierUniform } from './init.ts';
import { linear } from './linear.ts';
import { type Module, parametersOf } from './module.ts';
import type { Pass } from './pass.ts';

/** The sizes of multi-scale deformable attention. */
export interface DeformableAttentionSizes extends AttentionSizes {
  /** L, the number of feature levels. */
  readonly levels: number;
  /** P, the number of points that each head samples on each level. */
  readonly points: number;
}

/** Queries, the features that they sample, and the references that they sample around. */
export interface DeformableAttentionInput {
  /** Queries `[B*Q, d]`. */
  readonly query: Tensor2D;
  /** The features of all levels `[B*S, d]`, level after level and row by row. */
  readonly value: Tensor2D;
  readonly sizes: readonly LevelSize[];
  /** `[B, S]`: 1 where a feature is padding, which then counts as zeros. Left out if nothing is padded. */
  readonly padding?: Tensor2D | undefined;
  /**
   * The point or box that each query samples around on each level, in 0..1 of the level including its padding: points
   * `[B, Q, L, 2]`, or boxes `[B, Q, L, 4]` cxcywh. B and L may be 1 if all images or levels have the same references.
   */
  readonly references: Tensor4D;
  readonly pass: Pass;
}

/**
 * Each head of a query samples P points on each level and adds them up with weights predicted from the query, to
 * `[B*Q, d]`. Offsets from a point are measured in features of the level; offsets from a box are measured in half its
 * width and height, divided by P.
 *
 * @param name the parameters are those of `name.sampling_offsets`, `name.attention_weights`, `name.value_proj` and
 *   `name.output_proj`
 * @throws RangeError if the width is not divisible by the number of heads
 */
export function deformableAttention(
  name: string,
  { width, heads, levels, points, group }: DeformableAttentionSizes,
): Module<DeformableAttentionInput, Tensor2D> {
  if (width % heads !== 0) throw new RangeError(`${name}: ${heads} heads do not divide the width ${width}`);
  const samples = heads * levels * points;
  const zero = constant(0);
  const project = (part: string, outputs: number, init: { readonly weight: Init; readonly bias: Init }) =>
    linear(`${name}.${part}`, { inputs: width, outputs, group, ...init });
  const toOffsets = project('sampling_offsets', 2 * samples, {
    weight: zero,
    bias: firstOffsets({ heads, levels, points }),
  });
  const toWeights = project('attention_weights', samples, { weight: zero, bias: zero });
  const toValue = project('value_proj', width, { weight: xavierUniform, bias: zero });
  const toOutput = project('output_proj', width, { weight: xavierUniform, bias: zero });
  return {
    parameters: parametersOf(toOffsets, toWeights, toValue, toOutput),
    apply: (tensors, { query, value, sizes, padding, references, pass }) => {
      const { batch, observeSampling } = pass;
      const queries = query.shape[0] / batch;
      const projected = toValue.apply(tensors, value);
      const seen = padding === undefined ? projected : mul(projected, sub(1, reshape(padding, [padding.size, 1])));
      const scores = reshape(toWeights.apply(tensors, query), [batch * queries * heads, levels * points]);
      const offsets = reshape(toOffsets.apply(tensors, query), [batch, queries, heads, levels, points, 2]);
      const locations = add(pairOf(references, 0), mul(offsets, offsetUnit(references, sizes, points)));
      const weights = reshape<Rank.R5>(softmax(scores), [batch, queries, heads, levels, points]);
      observeSampling?.(name, { references, locations, weights });
      const byHead = reshape<Rank.R4>(seen, [batch, -1, heads, width / heads]);
      const sampled = sampleDeformably({ value: byHead, levels: sizes, locations, weights });
      return toOutput.apply(tensors, reshape(sampled, [batch * queries, width]));
    },
  };
}

/** Two coordinates of the references as `[B, Q, 1, L, 1, 2]`: the first two, or the two after them. */
function pairOf(references: Tensor4D, first: 0 | 2): Tensor {
  const [batch, queries, levels] = references.shape;
  return reshape(slice(references, [0, 0, 0, first], [batch, queries, levels, 2]), [batch, queries, 1, levels, 1, 2]);
}

/**
 * The length of an offset of 1 on each level, as a fraction of the level: `[1, 1, 1, L, 1, 2]`, or `[B, Q, 1, L, 1, 2]`
 * for boxes.
 */
function offsetUnit(references: Tensor4D, sizes: readonly LevelSize[], points: number): Tensor {
  if (references.shape[3] === 4) return mul(pairOf(references, 2), 0.5 / points);
  const units = sizes.flatMap(({ height, width }) => [1 / width, 1 / height]);
  return tensor(units, [1, 1, 1, sizes.length, 1, 2]);
}

/**
 * Initial offsets of a query: each head points in a different direction, spread over the full circle, and each further
 * point lies one step further out. A step has length 1 along the longer of its two axes.
 */
function firstOffsets({ heads, levels, points }: Pick<DeformableAttentionSizes, 'heads' | 'levels' | 'points'>): Init {
  return () => {
    const values: number[] = [];
    for (let head = 0; head < heads; head++) {
      const angle = (2 * Math.PI * head) / heads;
      const [x, y] = [Math.cos(angle), Math.sin(angle)];
      const longer = Math.max(Math.abs(x), Math.abs(y));
      for (let level = 0; level < levels; level++) {
        for (let point = 1; point <= points; point++) values.push((point * x) / longer, (point * y) / longer);
      }
    }
    return tensor1d(values);
  };
}
