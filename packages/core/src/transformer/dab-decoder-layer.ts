/**
 * One layer of DAB-DETR's decoder, which projects content and position separately. Source: IDEA-Research/DN-DETR
 * `models/DN_DAB_DETR/transformer.py`, `TransformerDecoderLayer`.
 */
import { concat, reshape, type Tensor2D, type Tensor3D } from '@tensorflow/tfjs-core';
import { addSame } from '../nn/add.ts';
import { projectedAttention } from '../nn/attention.ts';
import type { AttentionMask } from '../nn/attention-mask.ts';
import { type Module, parametersOf } from '../nn/module.ts';
import type { Pass } from '../nn/pass.ts';
import { type LayerOptions, residualParts, type Tokens, transformerLinear } from './layer.ts';

/** Input of a layer of DAB-DETR's decoder. */
export interface DabDecoderLayerInput {
  /** Content of the queries, `[B*T, d]`. */
  readonly content: Tensor2D;
  /** Embedding of the anchors with all their coordinates, `[B*T, d]`. */
  readonly positions: Tensor2D;
  /** Modulated sine embedding of the anchors' centres, `[B*T, d]`. */
  readonly sine: Tensor2D;
  /** Which queries see which others; all of them if left out. */
  readonly mask?: AttentionMask | undefined;
  /** The encoder's output. */
  readonly memory: Tokens;
  readonly pass: Pass;
}

/** Options of a layer of DAB-DETR's decoder. */
export interface DabDecoderLayerOptions extends LayerOptions {
  /** Whether projected positions are added to both sides of the cross-attention, as in the first layer. */
  readonly useQueryPosition: boolean;
}

/** A layer from queries to their new content, `[B*T, d]`. */
export function dabDecoderLayer(name: string, options: DabDecoderLayerOptions): Module<DabDecoderLayerInput, Tensor2D> {
  const { width, heads, useQueryPosition } = options;
  const projection = (key: string): Module<Tensor2D, Tensor2D> =>
    transformerLinear(`${name}.${key}_proj`, width, width);
  const self = {
    queryContent: projection('sa_qcontent'),
    queryPosition: projection('sa_qpos'),
    keyContent: projection('sa_kcontent'),
    keyPosition: projection('sa_kpos'),
    value: projection('sa_v'),
  };
  const cross = {
    queryContent: projection('ca_qcontent'),
    queryPosition: useQueryPosition ? projection('ca_qpos') : undefined,
    keyContent: projection('ca_kcontent'),
    keyPosition: projection('ca_kpos'),
    value: projection('ca_v'),
    querySine: projection('ca_qpos_sine'),
  };
  const sizes = { width, heads, group: 'rest' } as const;
  const selfAttention = projectedAttention(`${name}.self_attn`, sizes);
  const crossAttention = projectedAttention(`${name}.cross_attn`, sizes);
  const residuals = residualParts(name, 2, options);
  const projections = [...Object.values(self), ...Object.values(cross)];
  return {
    parameters: parametersOf(...projections, selfAttention, crossAttention, residuals),
    apply: (tensors, { content, positions, sine, mask, memory, pass }) => {
      const attendToQueries = (x: Tensor2D): Tensor2D => {
        const query = addSame(self.queryContent.apply(tensors, x), self.queryPosition.apply(tensors, positions));
        const key = addSame(self.keyContent.apply(tensors, x), self.keyPosition.apply(tensors, positions));
        return selfAttention.apply(tensors, { query, key, value: self.value.apply(tensors, x), mask, pass });
      };
      const attendToMemory = (x: Tensor2D): Tensor2D => {
        const keyPositions = cross.keyPosition.apply(tensors, memory.positions);
        const queryContent = cross.queryContent.apply(tensors, x);
        const keyContent = cross.keyContent.apply(tensors, memory.features);
        const [q, k] = cross.queryPosition
          ? [addSame(queryContent, cross.queryPosition.apply(tensors, positions)), addSame(keyContent, keyPositions)]
          : [queryContent, keyContent];
        return crossAttention.apply(tensors, {
          query: besideByHead(q, cross.querySine.apply(tensors, sine), heads),
          key: besideByHead(k, keyPositions, heads),
          value: cross.value.apply(tensors, memory.features),
          mask: memory.mask,
          pass,
        });
      };
      return residuals.apply(tensors, { x: content, attentions: [attendToQueries, attendToMemory], pass });
    },
  };
}

/**
 * Joins two tensors `[N, d]` to one `[N, 2d]` in which each head has its part of the first next to its part of the
 * second.
 */
function besideByHead(a: Tensor2D, b: Tensor2D, heads: number): Tensor2D {
  const [rows, width] = a.shape;
  const byHead = (x: Tensor2D): Tensor3D => reshape(x, [rows, heads, width / heads]);
  return reshape(concat([byHead(a), byHead(b)], 2), [rows, 2 * width]);
}
