/**
 * Multi-scale deformable attention (Zhu et al., ICLR 2021, https://arxiv.org/abs/2010.04159) with the parameters of
 * `MSDeformAttn` in models/ops/modules/ms_deform_attn.py of the reference: a query looks at a few points on each level,
 * which it places around its reference itself.
 */
import {
  add,
  div,
  mul,
  reshape,
  softmax,
  split,
  sub,
  type Tensor,
  type Tensor2D,
  type Tensor4D,
  tensor,
  tensor1d,
} from '@tensorflow/tfjs-core';
import { type LevelSize, sampleDeformably } from './deformable-sampling.ts';
import { constant, xavierUniform } from './init.ts';
import { linear } from './linear.ts';
import { type Module, parametersOf } from './module.ts';
import type { ParameterGroup } from './parameters.ts';

export interface DeformableAttentionInput {
  /** `[B*Q, d]`, positions added */
  readonly query: Tensor2D;
  /** `[B*S, d]`: the pixels of all levels, level after level and row after row */
  readonly value: Tensor2D;
  readonly levels: readonly LevelSize[];
  /**
   * `[B, Q, L, 2]`: the point (x, y) that each query refers to, 0..1 of each level with its padding; offsets from it are in
   * pixels. Or boxes `[B, Q, L, 4]`, cxcywh; offsets are then in halves of the box, divided by the number of points.
   */
  readonly references: Tensor4D;
  /** `[B, S]`, 1 for pixels of padding, which count as zero; none without it */
  readonly padding?: Tensor2D | undefined;
}

export interface DeformableAttentionSizes {
  /** d */
  readonly width: number;
  readonly heads: number;
  /** number of levels */
  readonly levels: number;
  /** that a head samples on each level */
  readonly points: number;
  readonly group: ParameterGroup;
}

/**
 * Samples projected values around the references and projects the sum, `[B*Q, d]`. Without residual connection.
 *
 * @param name its parameters are weight and bias of `name.sampling_offsets`, `name.attention_weights`, `name.value_proj` and
 *   `name.output_proj`
 * @throws if the heads do not divide the width
 */
export function deformableAttention(
  name: string,
  { width, heads, levels: levelCount, points, group }: DeformableAttentionSizes,
): Module<DeformableAttentionInput, Tensor2D> {
  if (width % heads !== 0) throw new Error(`deformable attention: ${heads} heads do not divide the width ${width}`);
  const samples = heads * levelCount * points;
  const [zero, projected] = [constant(0), { outputs: width, weight: xavierUniform, bias: constant(0) }];
  const common = { inputs: width, group };
  const directions = startOffsets(heads, levelCount, points);
  const offsetsOf = linear(`${name}.sampling_offsets`, {
    ...common,
    outputs: 2 * samples,
    weight: zero,
    bias: () => tensor1d(directions),
  });
  const scoresOf = linear(`${name}.attention_weights`, { ...common, outputs: samples, weight: zero, bias: zero });
  const valueProjection = linear(`${name}.value_proj`, { ...common, ...projected });
  const outProjection = linear(`${name}.output_proj`, { ...common, ...projected });
  return {
    parameters: parametersOf(offsetsOf, scoresOf, valueProjection, outProjection),
    apply: (tensors, { query, value, levels, references, padding }) => {
      const [batch, queries] = references.shape;
      const projectedValue = valueProjection.apply(tensors, value);
      const pixels = value.shape[0] / batch;
      // After the projection, whose bias would otherwise fill the padding.
      const shown =
        padding === undefined
          ? projectedValue
          : mul<Tensor2D>(projectedValue, sub(1, reshape(padding, [batch * pixels, 1])));
      const offsets = reshape(offsetsOf.apply(tensors, query), [batch, queries, heads, levelCount, points, 2]);
      // Over all points of all levels together.
      const weights = softmax(reshape(scoresOf.apply(tensors, query), [batch * queries * heads, levelCount * points]));
      const sampled = sampleDeformably({
        value: reshape(shown, [batch, pixels, heads, width / heads]),
        levels,
        locations: add(...placed(offsets, references, levels)),
        weights: reshape(weights, [batch, queries, heads, levelCount, points]),
      });
      return outProjection.apply(tensors, reshape(sampled, [batch * queries, width]));
    },
  };
}

/**
 * References, and offsets from them in 0..1 of each level.
 *
 * @param offsets `[B, Q, H, L, P, 2]`
 */
function placed(offsets: Tensor, references: Tensor4D, levels: readonly LevelSize[]): [Tensor, Tensor] {
  const [batch, queries, count, numbers] = references.shape;
  const spread = (x: Tensor): Tensor => reshape(x, [batch, queries, 1, count, 1, 2]);
  if (numbers === 2) {
    const sizes = levels.map(({ height, width }) => [[width, height]]); // [L, 1, 2]
    return [spread(references), div(offsets, tensor(sizes))];
  }
  const points = offsets.shape[4] as number;
  const [centres, sizes] = split(references, 2, 3) as [Tensor, Tensor];
  return [spread(centres), mul(offsets, spread(mul(sizes, 0.5 / points)))];
}

/**
 * The offsets that training starts from, the same for every query: each head looks in a direction of its own, its points
 * 1, 2, … steps away. In the order of the parameter: head, level, point, (x, y).
 */
function startOffsets(heads: number, levels: number, points: number): number[] {
  return Array.from({ length: heads }, (_, head) => {
    const angle = (2 * Math.PI * head) / heads;
    const [x, y] = [Math.cos(angle), Math.sin(angle)];
    const length = Math.max(Math.abs(x), Math.abs(y));
    const steps = Array.from({ length: points }, (_, i) => [((i + 1) * x) / length, ((i + 1) * y) / length]);
    return Array<number[][]>(levels).fill(steps).flat(2);
  }).flat();
}
