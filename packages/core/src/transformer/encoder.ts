/**
 * The encoder of DETR and, with position scales, of DAB-DETR.
 * Sources: facebookresearch/detr `models/transformer.py`, IDEA-Research/DN-DETR `models/DN_DAB_DETR/transformer.py`.
 */
import { mul, type Tensor2D } from '@tensorflow/tfjs-core';
import { addSame } from '../nn/add.ts';
import { attentionParameters, declareAttention, multiHeadAttention } from '../nn/attention.ts';
import type { ParameterDeclaration } from '../nn/init.ts';
import { mlp, mlpParameters } from '../nn/mlp.ts';
import { declareNorm, layerNorm, normParameters } from '../nn/norm.ts';
import {
  attentionOptions,
  declareFeedForward,
  declareTransformerMlp,
  feedForward,
  type LayerOptions,
  type Pass,
  residual,
  type Tokens,
  transformerGroup,
} from './layer.ts';

export interface EncoderOptions extends LayerOptions {
  readonly layers: number;
  /** DAB-DETR: each layer multiplies the positions by an MLP of the features it gets */
  readonly scalePositions: boolean;
}

/** @returns the features after the last layer, `[B*N, d]` */
export function encoder(prefix: string, inputs: Tokens, pass: Pass, options: EncoderOptions): Tensor2D {
  let x = inputs.features;
  for (let i = 0; i < options.layers; i++) {
    const positions = options.scalePositions
      ? mul<Tensor2D>(inputs.positions, mlp(x, mlpParameters(pass.tensors, `${prefix}.query_scale`, 2)))
      : inputs.positions;
    x = encoderLayer(`${prefix}.layers.${i}`, { ...inputs, features: x, positions }, pass, options);
  }
  return options.preNorm ? layerNorm(x, normParameters(pass.tensors, `${prefix}.norm`)) : x;
}

/** @returns `[B*N, d]` */
export function encoderLayer(
  prefix: string,
  { features, positions, mask }: Tokens,
  pass: Pass,
  options: LayerOptions,
): Tensor2D {
  const attention = `${prefix}.self_attn`;
  const attend = (x: Tensor2D): Tensor2D => {
    const placed = addSame(x, positions);
    const inputs = { query: placed, key: placed, value: x };
    const parameters = attentionParameters(pass.tensors, attention);
    return multiHeadAttention(inputs, parameters, attentionOptions(attention, pass, options, mask));
  };
  const attended = residual(features, `${prefix}.norm1`, attend, pass, options);
  const feed = (x: Tensor2D): Tensor2D => feedForward(x, prefix, pass, options);
  return residual(attended, `${prefix}.norm2`, feed, pass, options);
}

export function declareEncoder(prefix: string, options: EncoderOptions): ParameterDeclaration[] {
  const { width, layers, scalePositions, preNorm } = options;
  const group = transformerGroup;
  return [
    ...Array.from({ length: layers }, (_, i) => declareEncoderLayer(`${prefix}.layers.${i}`, options)).flat(),
    ...(preNorm ? declareNorm(`${prefix}.norm`, { width, group }) : []),
    ...(scalePositions ? declareTransformerMlp(`${prefix}.query_scale`, [width, width, width]) : []),
  ];
}

function declareEncoderLayer(prefix: string, options: LayerOptions): ParameterDeclaration[] {
  return [
    ...declareAttention(`${prefix}.self_attn`, { width: options.width, group: transformerGroup }),
    ...declareFeedForward(prefix, 2, options),
  ];
}
