/**
 * One layer of DAB-DETR's decoder, where content and position are projected apart.
 * Source: IDEA-Research/DN-DETR `models/DN_DAB_DETR/transformer.py`, `TransformerDecoderLayer`.
 */
import { concat, reshape, type Tensor2D, type Tensor3D } from '@tensorflow/tfjs-core';
import { addSame } from '../nn/add.ts';
import { attend } from '../nn/attention.ts';
import type { AttentionMask } from '../nn/attention-mask.ts';
import { constant, type ParameterDeclaration, xavierUniform } from '../nn/init.ts';
import { declareLinear, linear, linearParameters } from '../nn/linear.ts';
import {
  attentionOptions,
  declareFeedForward,
  declareTransformerLinear,
  feedForward,
  type LayerOptions,
  type Pass,
  residual,
  type Tokens,
  transformerGroup,
} from './layer.ts';

export interface DabDecoderLayerInputs {
  /** `[B*T, d]` */
  readonly content: Tensor2D;
  /** embedding of the whole anchors, `[B*T, d]` */
  readonly positions: Tensor2D;
  /** modulated sine embedding of the anchors' centres, `[B*T, d]` */
  readonly sine: Tensor2D;
  /** which queries see which; all without it */
  readonly mask?: AttentionMask | undefined;
  /** the encoder's output */
  readonly memory: Tokens;
}

export interface DabDecoderLayerOptions extends LayerOptions {
  /** adds projected positions to both sides of the cross-attention: the first layer does */
  readonly useQueryPosition: boolean;
}

/** @returns `[B*T, d]` */
export function dabDecoderLayer(
  prefix: string,
  { content, positions, sine, mask, memory }: DabDecoderLayerInputs,
  pass: Pass,
  options: DabDecoderLayerOptions,
): Tensor2D {
  const [self, cross] = [`${prefix}.self_attn`, `${prefix}.cross_attn`];
  const project = (name: string, x: Tensor2D): Tensor2D =>
    linear(x, linearParameters(pass.tensors, `${prefix}.${name}`));

  const attendToQueries = (x: Tensor2D): Tensor2D => {
    const q = addSame(project('sa_qcontent_proj', x), project('sa_qpos_proj', positions));
    const k = addSame(project('sa_kcontent_proj', x), project('sa_kpos_proj', positions));
    const attended = attend(q, k, project('sa_v_proj', x), attentionOptions(self, pass, options, mask));
    return linear(attended, linearParameters(pass.tensors, `${self}.out_proj`));
  };
  const attendToMemory = (x: Tensor2D): Tensor2D => {
    const keyPositions = project('ca_kpos_proj', memory.positions);
    const queryContent = project('ca_qcontent_proj', x);
    const keyContent = project('ca_kcontent_proj', memory.features);
    const [q, k] = options.useQueryPosition
      ? [addSame(queryContent, project('ca_qpos_proj', positions)), addSame(keyContent, keyPositions)]
      : [queryContent, keyContent];
    const attended = attend(
      besideByHead(q, project('ca_qpos_sine_proj', sine), options.heads),
      besideByHead(k, keyPositions, options.heads),
      project('ca_v_proj', memory.features),
      attentionOptions(cross, pass, options, memory.mask),
    );
    return linear(attended, linearParameters(pass.tensors, `${cross}.out_proj`));
  };
  const feed = (x: Tensor2D): Tensor2D => feedForward(x, prefix, pass, options);
  const parts = [attendToQueries, attendToMemory, feed];
  return parts.reduce((x, part, i) => residual(x, `${prefix}.norm${i + 1}`, part, pass, options), content);
}

/** Two `[N, d]` as one `[N, 2d]` in which each head has its part of the first beside its part of the second. */
function besideByHead(a: Tensor2D, b: Tensor2D, heads: number): Tensor2D {
  const [rows, width] = a.shape;
  const byHead = (x: Tensor2D): Tensor3D => reshape(x, [rows, heads, width / heads]);
  return reshape(concat([byHead(a), byHead(b)], 2), [rows, 2 * width]);
}

export function declareDabDecoderLayer(prefix: string, options: DabDecoderLayerOptions): ParameterDeclaration[] {
  const { width, useQueryPosition } = options;
  const projections = ['sa_qcontent', 'sa_qpos', 'sa_kcontent', 'sa_kpos', 'sa_v'];
  projections.push('ca_qcontent', ...(useQueryPosition ? ['ca_qpos'] : []));
  projections.push('ca_kcontent', 'ca_kpos', 'ca_v', 'ca_qpos_sine');
  const declareOut = (attention: string): ParameterDeclaration[] =>
    declareLinear(
      `${prefix}.${attention}.out_proj`,
      { inputs: width, outputs: width, group: transformerGroup },
      { weight: xavierUniform, bias: constant(0) },
    );
  return [
    ...projections.flatMap((name) => declareTransformerLinear(`${prefix}.${name}_proj`, width, width)),
    ...declareOut('self_attn'),
    ...declareOut('cross_attn'),
    ...declareFeedForward(prefix, 3, options),
  ];
}
