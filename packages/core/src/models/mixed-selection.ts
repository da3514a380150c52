/**
 * Mixed query selection (DINO, Zhang et al., ICLR 2023, section 3.4): anchors come from the encoder, contents are
 * learned. Source: IDEA-Research/DINO `models/dino/deformable_transformer.py`, the two-stage part.
 */
import { gather, max, type Rank, reshape, sigmoid, type Tensor2D, tile } from '@tensorflow/tfjs-core';
import type { PredictionSet } from '../loss/predictions.ts';
import { addSame } from '../nn/add.ts';
import { detach } from '../nn/detach.ts';
import { embedding } from '../nn/embedding.ts';
import { xavierUniform } from '../nn/init.ts';
import { type Module, parametersOf } from '../nn/module.ts';
import { repeatRows } from '../nn/repeat.ts';
import { bestRows, encoderOutputs, type ProposedQueriesOptions, type QueryStartInput } from './two-stage.ts';

/** Options of DINO's query selection. */
export interface MixedSelectionOptions extends ProposedQueriesOptions {
  /** Whether queries start from learned content or from the encoder's tokens. */
  readonly content: 'learned' | 'encoder';
  /**
   * Whether the width and height of the encoder's proposals on the finest level are learned; see `DinoOptions`.
   * @defaultValue false
   */
  readonly learnedProposalSize?: boolean;
}

/** The selected queries and the encoder's predictions. */
export interface MixedSelection {
  /** Content of the queries, `[B*Q, d]`. */
  readonly content: Tensor2D;
  /** Anchors, cxcywh before the sigmoid, `[B*Q, 4]`. */
  readonly anchors: Tensor2D;
  /** The encoder's predictions at the selected tokens: L is 1, T is Q. */
  readonly encoderSet: PredictionSet;
}

/**
 * Selects the Q tokens of an image with the highest score over all classes, best first. The boxes predicted there
 * become anchors, detached. The encoder is trained by its predictions at these tokens.
 *
 * @param name name of the transformer. The parameters are those of `name.enc_output` and `name.enc_output_norm`, those
 *   of the heads, `name.tgt_embed.weight` `[Q, d]` if contents are learned, and `name.two_stage_wh_embedding.weight`
 *   `[1, 2]` if the size of proposals is learned
 * @throws RangeError if an image has fewer tokens than queries
 */
export function mixedSelection(
  name: string,
  { width, queries, classHead, boxHead, content: kind, learnedProposalSize }: MixedSelectionOptions,
): Module<QueryStartInput, MixedSelection> {
  const outputs = encoderOutputs(name, width, learnedProposalSize);
  // The reference first draws it from a normal distribution and then redraws every matrix of the transformer.
  const contents =
    kind === 'learned'
      ? embedding(`${name}.tgt_embed`, { rows: queries, width, group: 'rest', init: xavierUniform })
      : undefined;
  return {
    parameters: parametersOf(contents, outputs, classHead, boxHead),
    apply: (tensors, { memory, batch }) => {
      const { features, anchors } = outputs.apply(tensors, { memory, batch });
      const rows = features.shape[0];
      // All tokens are scored without a gradient, then the selected ones with one, which thus covers only a few rows.
      const scores = max<Tensor2D>(classHead.apply(tensors, detach(features)), 1);
      const chosen = bestRows(reshape<Rank.R2>(scores, [batch, rows / batch]), queries);
      const tokens = gather(features, chosen);
      const proposals = gather(
        reshape<Rank.R2>(anchors.shape[0] === batch ? anchors : tile(anchors, [batch, 1, 1]), [rows, 4]),
        chosen,
      );
      const logits = classHead.apply(tensors, tokens);
      const boxes = addSame(boxHead.apply(tensors, tokens), proposals);
      return {
        content: contents === undefined ? detach(tokens) : repeatRows(contents.apply(tensors), batch),
        anchors: detach(boxes),
        encoderSet: {
          name: 'encoder',
          logits: reshape(logits, [1, batch, queries, logits.shape[1]]),
          boxes: reshape(sigmoid(boxes), [1, batch, queries, 4]),
          known: 0,
        },
      };
    },
  };
}
