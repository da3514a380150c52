/** Deformable DETR's encoder. Source: fundamentalvision/Deformable-DETR `models/deformable_transformer.py`. */
import type { Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';
import { addSame } from '../nn/add.ts';
import { deformableAttention } from '../nn/deformable-attention.ts';
import { type Module, parametersOf } from '../nn/module.ts';
import type { Pass } from '../nn/pass.ts';
import { type LayerOptions, residualParts } from './layer.ts';
import { cellCentres, type LevelTokens, onLevels } from './levels.ts';

/** Sizes and options of a layer with deformable attention. */
export interface DeformableLayerOptions extends LayerOptions {
  /** L, number of feature levels. */
  readonly levels: number;
  /** Number of points that each head samples on each level. */
  readonly points: number;
}

/** Input of an encoder with deformable attention. */
export interface DeformableEncoderInput {
  readonly tokens: LevelTokens;
  readonly pass: Pass;
}

/**
 * An encoder from tokens to their features after the last layer, `[B*S, d]`. Every token samples around the centre of
 * its cell.
 */
export function deformableEncoder(
  name: string,
  options: DeformableLayerOptions & { readonly layers: number },
): Module<DeformableEncoderInput, Tensor2D> {
  const layers = Array.from({ length: options.layers }, (_, i) =>
    deformableEncoderLayer(`${name}.layers.${i}`, options),
  );
  return {
    parameters: parametersOf(...layers),
    apply: (tensors, { tokens, pass }) => {
      const references = onLevels(cellCentres(tokens), tokens);
      const advance = (features: Tensor2D, layer: (typeof layers)[number]): Tensor2D =>
        layer.apply(tensors, { tokens: { ...tokens, features }, references, pass });
      return layers.reduce(advance, tokens.features);
    },
  };
}

/** Input of an encoder layer with deformable attention. */
export interface DeformableEncoderLayerInput extends DeformableEncoderInput {
  /** Points that each token samples around, `[B, S, L, 2]`; see `onLevels`. */
  readonly references: Tensor4D;
}

/** A layer from tokens to their new features, `[B*S, d]`. */
export function deformableEncoderLayer(
  name: string,
  options: DeformableLayerOptions,
): Module<DeformableEncoderLayerInput, Tensor2D> {
  const attention = deformableAttention(`${name}.self_attn`, { ...options, group: 'rest' });
  const residuals = residualParts(name, 1, options);
  return {
    parameters: parametersOf(attention, residuals),
    apply: (tensors, { tokens: { features, positions, sizes, padding }, references, pass }) => {
      const attend = (x: Tensor2D): Tensor2D =>
        attention.apply(tensors, { query: addSame(x, positions), value: x, references, sizes, padding, pass });
      return residuals.apply(tensors, { x: features, attentions: [attend], pass });
    },
  };
}
