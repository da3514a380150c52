/**
 * DAB-DETR's decoder, whose queries are 4-d anchors that are refined from layer to layer (Liu et al., ICLR 2022).
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
import { constant } from '../nn/init.ts';
import { inverseSigmoid } from '../nn/inverse-sigmoid.ts';
import { mlp } from '../nn/mlp.ts';
import { type Module, parametersOf } from '../nn/module.ts';
import { layerNorm } from '../nn/norm.ts';
import type { Pass } from '../nn/pass.ts';
import { boxSineEmbedding } from '../position.ts';
import { dabDecoderLayer } from './dab-decoder-layer.ts';
import type { DecoderOptions } from './decoder.ts';
import { type Tokens, transformerMlp } from './layer.ts';

/** Input of DAB-DETR's decoder. */
export interface DabDecoderInput {
  /** Initial content of the queries, `[B*T, d]`. */
  readonly content: Tensor2D;
  /** Anchors before the sigmoid, cxcywh, `[B*T, 4]`. */
  readonly anchors: Tensor2D;
  /** Which queries see which others; all of them if left out. */
  readonly mask?: AttentionMask | undefined;
  /** The encoder's output. */
  readonly memory: Tokens;
  readonly pass: Pass;
}

/** Options of DAB-DETR's decoder. */
export interface DabDecoderOptions extends DecoderOptions {
  /**
   * Whether every layer, rather than only the first, adds the projected query position to its cross-attention's query.
   */
  readonly keepQueryPosition: boolean;
  /** `eps` of the inverse sigmoid of the anchors: 1e-3 in DN-DETR, 1e-5 in Hugging Face */
  readonly epsilon: number;
}

/** Outputs of DAB-DETR's decoder, layer by layer. */
export interface DabDecoded {
  /** Outputs of all L layers after the shared last normalisation, one layer after another: `[L*B*T, d]`. */
  readonly hidden: Tensor2D;
  /** Boxes predicted by each layer, cxcywh in 0..1: `[L*B*T, 4]`. */
  readonly boxes: Tensor2D;
  /** Anchors that entered each layer, cxcywh in 0..1: `[L*B*T, 4]`. */
  readonly anchors: Tensor2D;
}

/**
 * DAB-DETR's decoder, from queries to predicted boxes. The anchors of a layer are those of the previous layer plus the
 * box head's output for that layer's features before the last normalisation. They are detached when they enter the next
 * layer, except for the first ones, but they are not detached where that next layer's predicted boxes are computed from
 * them.
 *
 * @param name besides the layers, the decoder has the box head `name.bbox_embed`, which all layers share
 */
export function dabDecoder(name: string, options: DabDecoderOptions): Module<DabDecoderInput, DabDecoded> {
  const { width, keepQueryPosition, epsilon } = options;
  const layers = Array.from({ length: options.layers }, (_, i) =>
    dabDecoderLayer(`${name}.layers.${i}`, { ...options, useQueryPosition: i === 0 || keepQueryPosition }),
  );
  const norm = layerNorm(`${name}.norm`, { width, group: 'rest' });
  const queryScale = transformerMlp(`${name}.query_scale`, [width, width, width]);
  const anchorEmbedding = transformerMlp(`${name}.ref_point_head`, [2 * width, width, width]);
  const anchorSize = transformerMlp(`${name}.ref_anchor_head`, [width, width, 2]);
  // The reference lists this head as `bbox_embed` too. Predicted boxes initially equal the anchors.
  const zero = { weight: constant(0), bias: constant(0) };
  const boxHead = mlp(`${name}.bbox_embed`, { widths: [width, width, width, 4], group: 'rest', last: zero });
  return {
    parameters: parametersOf(...layers, norm, queryScale, anchorEmbedding, anchorSize, boxHead),
    apply: (tensors, { content, anchors: firstAnchors, mask, memory, pass }) => {
      const outputs: Tensor2D[] = [];
      const references: Tensor2D[] = [];
      const allAnchors: Tensor2D[] = [];
      let x = content;
      let anchors = sigmoid(firstAnchors);
      layers.forEach((layer, i) => {
        const reference = inverseSigmoid(anchors, epsilon);
        references.push(reference);
        allAnchors.push(anchors);
        const [entering, below] = i === 0 ? [anchors, reference] : [detach(anchors), detach(reference)];

        const sine = boxSineEmbedding(entering, width / 2); // [B*T, 2d]: y, x, w, h
        const positions = anchorEmbedding.apply(tensors, sine);
        const centre = split<Tensor2D>(sine, 2, 1)[0] as Tensor2D; // [B*T, d]: y, x
        const scaled = i === 0 ? centre : mul<Tensor2D>(centre, queryScale.apply(tensors, x));
        const modulated = modulate(scaled, sigmoid(anchorSize.apply(tensors, x)), entering);

        x = layer.apply(tensors, { content: x, positions, sine: modulated, mask, memory, pass });
        outputs.push(x);
        if (i < layers.length - 1) anchors = sigmoid(add<Tensor2D>(boxHead.apply(tensors, x), below));
      });
      const hidden = norm.apply(tensors, concat(outputs, 0));
      // The references that the box head's output is added to, before the sigmoid.
      const before = concat(references, 0);
      return {
        hidden,
        anchors: concat(allAnchors, 0),
        boxes: sigmoid(add<Tensor2D>(boxHead.apply(tensors, hidden), before)),
      };
    },
  };
}

/**
 * Scales the sine embedding of the centres to the size that the query looks for: the half for y by H / h, and the half
 * for x by W / w (DAB-DETR, section 4.3).
 *
 * @param sine `[N, d]`: y, x
 * @param sizes desired W and H, `[N, 2]`
 * @param anchors `[N, 4]` cxcywh
 * @returns `[N, d]`
 */
function modulate(sine: Tensor2D, sizes: Tensor, anchors: Tensor2D): Tensor2D {
  const [rows, width] = sine.shape;
  const ratios = reverse(div(sizes, split(anchors, 2, 1)[1] as Tensor), 1); // [N, 2]: H / h, W / w
  return reshape(mul(reshape(sine, [rows, 2, width / 2]), reshape(ratios, [rows, 2, 1])), [rows, width]);
}
