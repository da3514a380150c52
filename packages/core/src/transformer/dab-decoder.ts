/**
 * DAB-DETR's decoder: queries are 4-d anchors, refined from layer to layer (Liu et al., ICLR 2022).
 * Source: IDEA-Research/DN-DETR `models/DN_DAB_DETR/transformer.py`.
 */
import {
  add,
  concat,
  div,
  mul,
  reshape,
  reverse,
  sigmoid,
  split,
  type Tensor,
  type Tensor2D,
} from '@tensorflow/tfjs-core';
import type { AttentionMask } from '../nn/attention-mask.ts';
import { detach } from '../nn/detach.ts';
import type { ParameterDeclaration } from '../nn/init.ts';
import { inverseSigmoid } from '../nn/inverse-sigmoid.ts';
import { mlp, mlpParameters } from '../nn/mlp.ts';
import { declareNorm, layerNorm, normParameters } from '../nn/norm.ts';
import { boxSineEmbedding } from '../position.ts';
import { dabDecoderLayer, declareDabDecoderLayer } from './dab-decoder-layer.ts';
import type { DecoderOptions } from './decoder.ts';
import { declareTransformerMlp, type Pass, type Tokens, transformerGroup } from './layer.ts';

export interface DabDecoderInputs {
  /** what the queries start from, `[B*T, d]` */
  readonly content: Tensor2D;
  /** anchors before the sigmoid, cxcywh, `[B*T, 4]` */
  readonly anchors: Tensor2D;
  /** which queries see which; all without it */
  readonly mask?: AttentionMask | undefined;
  /** the encoder's output */
  readonly memory: Tokens;
}

export interface DabDecoderOptions extends DecoderOptions {
  /** every layer, not only the first, adds the projected query position to its cross-attention's query */
  readonly keepQueryPosition: boolean;
  /** `eps` of the inverse sigmoid of the anchors: 1e-3 in DN-DETR, 1e-5 in Hugging Face */
  readonly epsilon: number;
}

export interface DabDecoded {
  /** the outputs of all L layers after the shared last normalisation, one layer after the other: `[L*B*T, d]` */
  readonly hidden: Tensor2D;
  /** what the box head's output is added to, before the sigmoid: `[L*B*T, 4]` */
  readonly references: Tensor2D;
  /** the anchors that entered each layer, cxcywh in 0..1: `[L*B*T, 4]` */
  readonly anchors: Tensor2D;
}

/**
 * The anchors of a layer are those of the one before plus the box head's output on that layer's features, before the
 * last normalisation. They are detached when they enter the next layer, except the first ones; below the predicted box
 * of that next layer they are not.
 *
 * @param boxHead name of the box head, an MLP of three layers shared by all decoder layers
 */
export function dabDecoder(
  prefix: string,
  boxHead: string,
  { content, anchors: firstAnchors, mask, memory }: DabDecoderInputs,
  pass: Pass,
  options: DabDecoderOptions,
): DabDecoded {
  const { tensors } = pass;
  const outputs: Tensor2D[] = [];
  const references: Tensor2D[] = [];
  const allAnchors: Tensor2D[] = [];
  let x = content;
  let anchors = sigmoid(firstAnchors);
  for (let i = 0; i < options.layers; i++) {
    const reference = inverseSigmoid(anchors, options.epsilon);
    references.push(reference);
    allAnchors.push(anchors);
    const [entering, below] = i === 0 ? [anchors, reference] : [detach(anchors), detach(reference)];

    const sine = boxSineEmbedding(entering, options.width / 2); // [B*T, 2d]: y, x, w, h
    const positions = mlp(sine, mlpParameters(tensors, `${prefix}.ref_point_head`, 2));
    const centre = split<Tensor2D>(sine, 2, 1)[0] as Tensor2D; // [B*T, d]: y, x
    const scaled = i === 0 ? centre : mul<Tensor2D>(centre, mlp(x, mlpParameters(tensors, `${prefix}.query_scale`, 2)));
    const sizes = sigmoid(mlp(x, mlpParameters(tensors, `${prefix}.ref_anchor_head`, 2)));
    const modulated = modulate(scaled, sizes, entering);

    const inputs = { content: x, positions, sine: modulated, mask, memory };
    x = dabDecoderLayer(`${prefix}.layers.${i}`, inputs, pass, {
      ...options,
      useQueryPosition: i === 0 || options.keepQueryPosition,
    });
    outputs.push(x);
    if (i < options.layers - 1) anchors = sigmoid(add<Tensor2D>(mlp(x, mlpParameters(tensors, boxHead, 3)), below));
  }
  return {
    hidden: layerNorm(concat(outputs, 0), normParameters(tensors, `${prefix}.norm`)),
    references: concat(references, 0),
    anchors: concat(allAnchors, 0),
  };
}

/**
 * Stretches the sine embedding of the centres to the size that the query looks for: the half of y by H / h, that of x by
 * W / w (DAB-DETR, section 4.3).
 *
 * @param sine `[N, d]`: y, x
 * @param sizes W and H wanted, `[N, 2]`
 * @param anchors `[N, 4]` cxcywh
 * @returns `[N, d]`
 */
function modulate(sine: Tensor2D, sizes: Tensor, anchors: Tensor2D): Tensor2D {
  const [rows, width] = sine.shape;
  const ratios = reverse(div(sizes, split(anchors, 2, 1)[1] as Tensor), 1); // [N, 2]: H / h, W / w
  return reshape(mul(reshape(sine, [rows, 2, width / 2]), reshape(ratios, [rows, 2, 1])), [rows, width]);
}

export function declareDabDecoder(prefix: string, options: DabDecoderOptions): ParameterDeclaration[] {
  const { width, layers, keepQueryPosition } = options;
  return [
    ...Array.from({ length: layers }, (_, i) =>
      declareDabDecoderLayer(`${prefix}.layers.${i}`, {
        ...options,
        useQueryPosition: i === 0 || keepQueryPosition,
      }),
    ).flat(),
    ...declareNorm(`${prefix}.norm`, { width, group: transformerGroup }),
    ...declareTransformerMlp(`${prefix}.query_scale`, [width, width, width]),
    ...declareTransformerMlp(`${prefix}.ref_point_head`, [2 * width, width, width]),
    ...declareTransformerMlp(`${prefix}.ref_anchor_head`, [width, width, 2]),
  ];
}
