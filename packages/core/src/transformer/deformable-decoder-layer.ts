/**
 * One layer of Deformable DETR's decoder.
 * Source: fundamentalvision/Deformable-DETR `models/deformable_transformer.py`.
 */
import type { Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';
import { addSame } from '../nn/add.ts';
import { multiHeadAttention } from '../nn/attention.ts';
import type { AttentionMask } from '../nn/attention-mask.ts';
import { deformableAttention } from '../nn/deformable-attention.ts';
import { type Module, parametersOf } from '../nn/module.ts';
import type { Pass } from '../nn/pass.ts';
import type { DeformableLayerOptions } from './deformable-encoder.ts';
import { residualParts } from './layer.ts';
import type { LevelTokens } from './levels.ts';

/** Input of a decoder layer with deformable attention. */
export interface DeformableDecoderLayerInput {
  /** Content of the queries, `[B*T, d]`. */
  readonly content: Tensor2D;
  /** Positions of the queries, `[B*T, d]`. */
  readonly positions: Tensor2D;
  /** References that each query samples around, `[B, T, L, 2 or 4]`; see `onLevels`. */
  readonly references: Tensor4D;
  /** Which queries see which others; all of them if left out. */
  readonly mask?: AttentionMask | undefined;
  /** The encoder's output, with its levels. */
  readonly memory: LevelTokens;
  readonly pass: Pass;
}

/**
 * A layer from queries to their new content, `[B*T, d]`. The norm after the self-attention is `name.norm2`, and the one
 * after the cross-attention is `name.norm1`.
 */
export function deformableDecoderLayer(
  name: string,
  options: DeformableLayerOptions,
): Module<DeformableDecoderLayerInput, Tensor2D> {
  const sizes = { ...options, group: 'rest' } as const;
  const crossAttention = deformableAttention(`${name}.cross_attn`, sizes);
  const selfAttention = multiHeadAttention(`${name}.self_attn`, sizes);
  const residuals = residualParts(name, 2, options, [2, 1, 3]);
  return {
    parameters: parametersOf(crossAttention, selfAttention, residuals),
    apply: (tensors, { content, positions, references, mask, memory, pass }) => {
      const attendToQueries = (x: Tensor2D): Tensor2D => {
        const placed = addSame(x, positions);
        return selfAttention.apply(tensors, { query: placed, key: placed, value: x, mask, pass });
      };
      const attendToMemory = (x: Tensor2D): Tensor2D => {
        const { features: value, sizes, padding } = memory;
        return crossAttention.apply(tensors, { query: addSame(x, positions), value, references, sizes, padding, pass });
      };
      return residuals.apply(tensors, { x: content, attentions: [attendToQueries, attendToMemory], pass });
    },
  };
}
