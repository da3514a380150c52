/**
 * The encoder of DETR and, with scaled positions, of DAB-DETR. Sources: facebookresearch/detr `models/transformer.py`,
 * IDEA-Research/DN-DETR `models/DN_DAB_DETR/transformer.py`.
 */
import { mul, type Tensor2D } from '@tensorflow/tfjs-core';
import { addSame } from '../nn/add.ts';
import { multiHeadAttention } from '../nn/attention.ts';
import { type Module, parametersOf } from '../nn/module.ts';
import { layerNorm } from '../nn/norm.ts';
import type { Pass } from '../nn/pass.ts';
import { type LayerOptions, residualParts, type Tokens, transformerMlp } from './layer.ts';

/** Input of DETR's encoder. */
export interface EncoderInput {
  readonly tokens: Tokens;
  readonly pass: Pass;
}

/** Options of the encoder of DETR and DAB-DETR. */
export interface EncoderOptions extends LayerOptions {
  readonly layers: number;
  /** Whether each layer multiplies the positions by an MLP of its input features, as in DAB-DETR. */
  readonly scalePositions: boolean;
}

/** An encoder from tokens to their features after the last layer, `[B*N, d]`. */
export function encoder(name: string, options: EncoderOptions): Module<EncoderInput, Tensor2D> {
  const { width, preNorm, scalePositions } = options;
  const layers = Array.from({ length: options.layers }, (_, i) => encoderLayer(`${name}.layers.${i}`, options));
  const norm = preNorm ? layerNorm(`${name}.norm`, { width, group: 'rest' }) : undefined;
  const scale = scalePositions ? transformerMlp(`${name}.query_scale`, [width, width, width]) : undefined;
  return {
    parameters: parametersOf(...layers, norm, scale),
    apply: (tensors, { tokens, pass }) => {
      let x = tokens.features;
      for (const layer of layers) {
        const positions = scale ? mul<Tensor2D>(tokens.positions, scale.apply(tensors, x)) : tokens.positions;
        x = layer.apply(tensors, { tokens: { ...tokens, features: x, positions }, pass });
      }
      return norm ? norm.apply(tensors, x) : x;
    },
  };
}

/** A layer from tokens to their new features, `[B*N, d]`. */
export function encoderLayer(name: string, options: LayerOptions): Module<EncoderInput, Tensor2D> {
  const attention = multiHeadAttention(`${name}.self_attn`, { ...options, group: 'rest' });
  const residuals = residualParts(name, 1, options);
  return {
    parameters: parametersOf(attention, residuals),
    apply: (tensors, { tokens: { features, positions, mask }, pass }) => {
      const attend = (x: Tensor2D): Tensor2D => {
        const placed = addSame(x, positions);
        return attention.apply(tensors, { query: placed, key: placed, value: x, mask, pass });
      };
      return residuals.apply(tensors, { x: features, attentions: [attend], pass });
    },
  };
}
