/** DETR's decoder. Source: facebookresearch/detr `models/transformer.py`. */
import { concat, type Tensor2D } from '@tensorflow/tfjs-core';
import { addSame } from '../nn/add.ts';
import { multiHeadAttention } from '../nn/attention.ts';
import type { AttentionMask } from '../nn/attention-mask.ts';
import { type Module, parametersOf } from '../nn/module.ts';
import { layerNorm } from '../nn/norm.ts';
import type { Pass } from '../nn/pass.ts';
import { type LayerOptions, residualParts, type Tokens } from './layer.ts';

/** Input of DETR's decoder. */
export interface DecoderInput {
  /** Initial content of the queries, `[B*T, d]`. */
  readonly content: Tensor2D;
  /** Positions of the queries, `[B*T, d]`. */
  readonly positions: Tensor2D;
  /** Which queries see which others; all of them if left out. */
  readonly mask?: AttentionMask | undefined;
  /** The encoder's output. */
  readonly memory: Tokens;
  readonly pass: Pass;
}

/** Input of a layer of DETR's decoder. */
export interface DecoderLayerInput extends DecoderInput {
  /** Features of the memory plus their positions, `[B*N, d]`, the same for all layers. */
  readonly placedMemory: Tensor2D;
}

/** Options of DETR's decoder. */
export interface DecoderOptions extends LayerOptions {
  readonly layers: number;
}

/**
 * DETR's decoder, from queries to the outputs of all L layers after the shared last normalisation, one layer after
 * another: `[L*B*T, d]`.
 */
export function decoder(name: string, options: DecoderOptions): Module<DecoderInput, Tensor2D> {
  const layers = Array.from({ length: options.layers }, (_, i) => decoderLayer(`${name}.layers.${i}`, options));
  const norm = layerNorm(`${name}.norm`, { width: options.width, group: 'rest' });
  return {
    parameters: parametersOf(...layers, norm),
    apply: (tensors, input) => {
      const outputs: Tensor2D[] = [];
      const placedMemory = addSame(input.memory.features, input.memory.positions);
      let x = input.content;
      for (const layer of layers) {
        x = layer.apply(tensors, { ...input, content: x, placedMemory });
        outputs.push(x);
      }
      // The norm takes all layers as one long batch: a few large ops instead of many small ones.
      return norm.apply(tensors, concat(outputs, 0));
    },
  };
}

/** A layer from queries to their new content, `[B*T, d]`. */
export function decoderLayer(name: string, options: LayerOptions): Module<DecoderLayerInput, Tensor2D> {
  const sizes = { ...options, group: 'rest' } as const;
  const selfAttention = multiHeadAttention(`${name}.self_attn`, sizes);
  const crossAttention = multiHeadAttention(`${name}.multihead_attn`, sizes);
  const residuals = residualParts(name, 2, options);
  return {
    parameters: parametersOf(selfAttention, crossAttention, residuals),
    apply: (tensors, { content, positions, mask, memory, placedMemory, pass }) => {
      const attendToQueries = (x: Tensor2D): Tensor2D => {
        const placed = addSame(x, positions);
        return selfAttention.apply(tensors, { query: placed, key: placed, value: x, mask, pass });
      };
      const attendToMemory = (x: Tensor2D): Tensor2D => {
        const inputs = { query: addSame(x, positions), key: placedMemory, value: memory.features };
        return crossAttention.apply(tensors, { ...inputs, mask: memory.mask, pass });
      };
      return residuals.apply(tensors, { x: content, attentions: [attendToQueries, attendToMemory], pass });
    },
  };
}
