/**
 * Queries proposed by the encoder (Deformable DETR, section 4.2). Source: fundamentalvision/Deformable-DETR
 * `models/deformable_transformer.py`, the two-stage part.
 */
import {
  add,
  gather,
  mul,
  type Rank,
  reshape,
  sigmoid,
  slice,
  split,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  type Tensor3D,
  tensor2d,
  topk,
} from '@tensorflow/tfjs-core';
import type { PredictionSet } from '../loss/predictions.ts';
import { detach } from '../nn/detach.ts';
import { embedding } from '../nn/embedding.ts';
import { constant, xavierUniform } from '../nn/init.ts';
import { linear } from '../nn/linear.ts';
import { type Module, parametersOf } from '../nn/module.ts';
import { layerNorm } from '../nn/norm.ts';
import { boxSineEmbedding } from '../position.ts';
import type { LevelTokens } from '../transformer/levels.ts';
import { proposalSide, proposalsOf } from '../transformer/proposals.ts';

/** The encoder's output for a batch, from which queries are proposed. */
export interface QueryStartInput {
  /** The encoder's output. */
  readonly memory: LevelTokens;
  /** B, number of images. */
  readonly batch: number;
}

/** The initial state of queries. */
export interface QueryStart {
  /** Content `[B*Q, d]`. */
  readonly content: Tensor2D;
  /** Positions `[B*Q, d]`. */
  readonly positions: Tensor2D;
  /** References: points `[B*Q, 2]`, or boxes `[B*Q, 4]` cxcywh, in 0..1. */
  readonly references: Tensor2D;
  /** The encoder's predictions at each of its S tokens, if they are trained: L is 1, T is S. */
  readonly encoderSet?: PredictionSet;
}

/** Thrown when images are so small that a two-stage model has fewer tokens than queries. */
export class TooFewTokensError extends RangeError {
  override name = 'TooFewTokensError';
}

/** Sizes and heads of an encoder that proposes queries. */
export interface ProposedQueriesOptions {
  readonly width: number;
  /** Q, number of matching queries. */
  readonly queries: number;
  /** Head from tokens to logits. */
  readonly classHead: Module<Tensor2D, Tensor2D>;
  /** Head from tokens to boxes, relative to their proposals. */
  readonly boxHead: Module<Tensor2D, Tensor2D>;
}

/**
 * Turns the Q tokens with the highest score for class 0 into queries that sample around the boxes predicted there.
 * Content and positions are computed only from these boxes, which are detached. The encoder's predictions are trained
 * to tell objects of any class, called class 0, from background.
 *
 * @param name name of the transformer: the parameters are those of `name.enc_output`, `name.enc_output_norm`,
 *   `name.pos_trans` and `name.pos_trans_norm`, and those of the heads
 * @throws TooFewTokensError if an image has fewer tokens than queries
 */
export function proposedQueries(
  name: string,
  { width, queries, classHead, boxHead }: ProposedQueriesOptions,
): Module<QueryStartInput, QueryStart> {
  const outputs = encoderOutputs(name, width);
  const group = 'rest';
  const project = linear(`${name}.pos_trans`, { inputs: 2 * width, outputs: 2 * width, group, weight: xavierUniform });
  const norm = layerNorm(`${name}.pos_trans_norm`, { width: 2 * width, group });
  return {
    parameters: parametersOf(outputs, project, norm, classHead, boxHead),
    apply: (tensors, { memory, batch }) => {
      const { features, anchors } = outputs.apply(tensors, { memory, batch });
      const logits = classHead.apply(tensors, features); // [B*S, numLogits]
      const [rows, numLogits] = logits.shape;
      const tokens = rows / batch;
      const deltas = reshape(boxHead.apply(tensors, features), [batch, tokens, 4]);
      const boxes = reshape<Rank.R2>(add(deltas, anchors), [rows, 4]);
      const scores = reshape<Rank.R2>(slice(logits, [0, 0], [rows, 1]), [batch, tokens]);
      const best = detach(gather(boxes, bestRows(scores, queries)));
      const sine = boxSineEmbedding(sigmoid(best), width / 2, 'x'); // [B*Q, 2d]
      const [positions, content] = split(norm.apply(tensors, project.apply(tensors, sine)), 2, 1) as [
        Tensor2D,
        Tensor2D,
      ];
      return {
        content,
        positions,
        references: sigmoid(best),
        encoderSet: {
          name: 'encoder',
          logits: reshape(logits, [1, batch, tokens, numLogits]),
          boxes: reshape(sigmoid(boxes), [1, batch, tokens, 4]),
          known: 0,
          classAgnostic: true,
        },
      };
    },
  };
}

/**
 * The encoder's tokens as its heads read them, `[B*S, d]`, and the proposals there, before the sigmoid.
 *
 * @param learnedProposalSize whether the width and height on the finest level are learned; see `DinoOptions`
 */
export function encoderOutputs(
  name: string,
  width: number,
  learnedProposalSize = false,
): Module<QueryStartInput, { readonly features: Tensor2D; readonly anchors: Tensor3D }> {
  const group = 'rest';
  const project = linear(`${name}.enc_output`, { inputs: width, outputs: width, group, weight: xavierUniform });
  const norm = layerNorm(`${name}.enc_output_norm`, { width, group });
  const init = constant(Math.log(proposalSide / (1 - proposalSide)));
  const size = learnedProposalSize
    ? embedding(`${name}.two_stage_wh_embedding`, { rows: 1, width: 2, group, init })
    : undefined;
  return {
    parameters: parametersOf(size, project, norm),
    apply: (tensors, { memory, batch }) => {
      const { anchors, valid } = proposalsOf(memory, size && sigmoid(size.apply(tensors)));
      const rows = reshape(memory.features, [batch, -1, width]);
      const open = reshape<Rank.R2>(mul(rows, valid), [-1, width]);
      return { features: norm.apply(tensors, project.apply(tensors, open)), anchors };
    },
  };
}

/**
 * Row indices of the best tokens of each image, best first, among the rows of all images.
 *
 * @param scores `[B, S]`
 * @returns int32 `[B*Q]`
 */
export function bestRows(scores: Tensor2D, queries: number): Tensor1D {
  const [batch, tokens] = scores.shape;
  if (tokens < queries) {
    throw new TooFewTokensError(
      `queries is ${queries}, but an image has ${tokens} tokens to choose them from: expected no more, or a larger canvas`,
    );
  }
  // A selection has no gradient.
  const { indices } = topk<Tensor>(detach(scores), queries);
  const starts = tensor2d(
    Int32Array.from({ length: batch }, (_, b) => b * tokens),
    [batch, 1],
    'int32',
  );
  return reshape(add(indices, starts), [batch * queries]);
}
