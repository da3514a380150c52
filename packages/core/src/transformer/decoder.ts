/** DETR's decoder. Source: facebookresearch/detr `models/transformer.py`. */
import { concat, type Tensor2D } from '@tensorflow/tfjs-core';
import { addSame } from '../nn/add.ts';
import { attentionParameters, declareAttention, multiHeadAttention } from '../nn/attention.ts';
import type { AttentionMask } from '../nn/attention-mask.ts';
import type { ParameterDeclaration } from '../nn/init.ts';
import { declareNorm, layerNorm, normParameters } from '../nn/norm.ts';
import {
  attentionOptions,
  declareFeedForward,
  feedForward,
  type LayerOptions,
  type Pass,
  residual,
  type Tokens,
  transformerGroup,
} from './layer.ts';

export interface DecoderInputs {
  /** what the queries start from, `[B*T, d]` */
  readonly content: Tensor2D;
  /** where they look, `[B*T, d]` */
  readonly positions: Tensor2D;
  /** which queries see which; all without it */
  readonly mask?: AttentionMask | undefined;
  /** the encoder's output */
  readonly memory: Tokens;
}

export interface DecoderOptions extends LayerOptions {
  readonly layers: number;
}

/** @returns the outputs of all L layers after the shared last normalisation, one layer after the other: `[L*B*T, d]` */
export function decoder(prefix: string, inputs: DecoderInputs, pass: Pass, options: DecoderOptions): Tensor2D {
  const outputs: Tensor2D[] = [];
  const placedMemory = addSame(inputs.memory.features, inputs.memory.positions);
  let x = inputs.content;
  for (let i = 0; i < options.layers; i++) {
    x = decoderLayer(`${prefix}.layers.${i}`, { ...inputs, content: x, placedMemory }, pass, options);
    outputs.push(x);
  }
  // The norm sees the layers as one long batch: a few large ops in place of many small ones.
  return layerNorm(concat(outputs, 0), normParameters(pass.tensors, `${prefix}.norm`));
}

/**
 * @param inputs `placedMemory` is the memory's features plus positions, `[B*N, d]`, the same for all layers
 * @returns `[B*T, d]`
 */
export function decoderLayer(
  prefix: string,
  { content, positions, mask, memory, placedMemory }: DecoderInputs & { readonly placedMemory: Tensor2D },
  pass: Pass,
  options: LayerOptions,
): Tensor2D {
  const [self, cross] = [`${prefix}.self_attn`, `${prefix}.multihead_attn`];
  const attendToQueries = (x: Tensor2D): Tensor2D => {
    const placed = addSame(x, positions);
    const inputs = { query: placed, key: placed, value: x };
    return multiHeadAttention(
      inputs,
      attentionParameters(pass.tensors, self),
      attentionOptions(self, pass, options, mask),
    );
  };
  const attendToMemory = (x: Tensor2D): Tensor2D => {
    const inputs = { query: addSame(x, positions), key: placedMemory, value: memory.features };
    return multiHeadAttention(
      inputs,
      attentionParameters(pass.tensors, cross),
      attentionOptions(cross, pass, options, memory.mask),
    );
  };
  const feed = (x: Tensor2D): Tensor2D => feedForward(x, prefix, pass, options);
  const parts = [attendToQueries, attendToMemory, feed];
  return parts.reduce((x, part, i) => residual(x, `${prefix}.norm${i + 1}`, part, pass, options), content);
}

export function declareDecoder(prefix: string, options: DecoderOptions): ParameterDeclaration[] {
  const { width, layers } = options;
  const group = transformerGroup;
  const declareLayer = (layer: string): ParameterDeclaration[] => [
    ...declareAttention(`${layer}.self_attn`, { width, group }),
    ...declareAttention(`${layer}.multihead_attn`, { width, group }),
    ...declareFeedForward(layer, 3, options),
  ];
  return [
    ...Array.from({ length: layers }, (_, i) => declareLayer(`${prefix}.layers.${i}`)).flat(),
    ...declareNorm(`${prefix}.norm`, { width, group }),
  ];
}
