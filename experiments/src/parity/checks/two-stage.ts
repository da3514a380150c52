/** Two-stage Deformable DETR: the encoder's proposals, and the queries that are made of the best of them. */
import { bestRows, proposalsOf, proposedQueries } from '@dn-detr/core/models';
import { linear, mlp } from '@dn-detr/core/nn';
import {
  mul,
  type Rank,
  reshape,
  sigmoid,
  slice,
  sub,
  type Tensor,
  type Tensor2D,
  type Tensor3D,
  type Tensor4D,
} from '@tensorflow/tfjs-core';
import type { Check, Computed } from '../check.ts';
import { type Fixture, storedName, tensorOf } from '../fixture.ts';
import { outputsAndGradients, withoutLeak, withPrefix } from '../gradients.ts';
import { countAt, FixtureError, objectAt } from '../json.ts';
import { countLayers } from './resnet-sizes.ts';
import { paddedLevelsOf } from './spatial-shapes.ts';

export const twoStageCheck: Check = {
  inputs: [
    ...['w.*', 'in.*', 'cot.*', 'padding_mask'],
    // `valid` of `image` is what the masks were made of.
    ...['d_model', 'num_classes', 'num_queries', 'spatial_shapes', 'image', 'valid', 'kinks', 'noise_float32'],
  ],
  optional: ['gin.*', 'gw.*'],
  cases: ({ cases }) => [...cases.keys()],
  // The other cases are DINO's: learned sizes of proposals, and queries chosen and made in another way.
  covers: (fixture, caseName) => isSelection(fixture, caseName) || isProposals(fixture, caseName),
  run: (fixture, caseName) =>
    withoutLeak(() => (isSelection(fixture, caseName) ? runSelection : runProposals)(fixture, caseName)),
};

const has = (fixture: Fixture, caseName: string, key: string): boolean =>
  fixture.tensors.has(storedName(caseName, key));

const isSelection = (fixture: Fixture, caseName: string): boolean => has(fixture, caseName, 'w.pos_trans.weight');

const isProposals = (fixture: Fixture, caseName: string): boolean =>
  has(fixture, caseName, 'out.proposals') && !has(fixture, caseName, 'in.learned_wh');

function runProposals(fixture: Fixture, caseName: string): Record<string, Computed> {
  const { anchors, valid } = proposalsOf(paddedLevelsOf(fixture, caseName));
  return outputsAndGradients(fixture, caseName, ({ memory }) => ({
    'out.memory': mul(memory as Tensor, valid),
    'out.proposals': anchors,
    'out.boxes': sigmoid(anchors),
  }));
}

function runSelection(fixture: Fixture, caseName: string): Record<string, Computed> {
  const where = `cases.${caseName}`;
  const facts = objectAt(fixture.cases.get(caseName), where);
  const count = (field: string): number => countAt(facts[field], `${where}.${field}`);
  const [width, queries] = [count('d_model'), count('num_queries')];
  const levels = paddedLevelsOf(fixture, caseName);
  // The encoder's head is the last one of the decoder's.
  const head = countLayers(fixture.tensors.keys(), `${caseName}.w.decoder.class_embed.`) - 1;
  if (head < 0) throw new FixtureError(`${caseName}: there is no w.decoder.class_embed.0.weight`);
  const group = 'rest';
  const select = proposedQueries('a', {
    width,
    queries,
    classHead: linear(`a.decoder.class_embed.${head}`, { inputs: width, outputs: count('num_classes'), group }),
    boxHead: mlp(`a.decoder.bbox_embed.${head}`, { widths: [width, width, width, 4], group }),
  });
  const batch = tensorOf(fixture, caseName, 'in.memory').shape[0] as number;
  return outputsAndGradients(fixture, caseName, ({ memory }, weights) => {
    const features = reshape<Rank.R2>(memory as Tensor3D, [-1, width]);
    const { content, positions, references, encoderSet } = select.apply(withPrefix(weights, 'a.'), {
      memory: { ...levels, features, positions: features },
      batch,
    });
    if (encoderSet === undefined) throw new FixtureError(`${caseName}: our selection hands out no predictions`);
    const byImage = (rows: Tensor2D): Tensor => reshape(rows, [batch, queries, -1]);
    return {
      'out.tgt': byImage(content),
      'out.query_pos': byImage(positions),
      'out.reference_points': byImage(references),
      'out.enc_logits': ofLastLayer(encoderSet.logits),
      'out.enc_boxes': ofLastLayer(encoderSet.boxes),
      'out.topk': bestTokens(encoderSet.logits, queries),
    };
  });
}

/** `[L, B, T, k]` as `[B, T, k]`. */
export function ofLastLayer(x: Tensor4D): Tensor {
  const [layers, ...rest] = x.shape;
  return reshape(slice(x, layers - 1, 1), rest);
}

/**
 * The tokens of each image with the highest logits of class 0, `[B, Q]`.
 *
 * @param logits `[1, B, S, numLogits]`
 */
export function bestTokens(logits: Tensor4D, queries: number): Tensor {
  const [, images, tokens] = logits.shape;
  const scores = reshape<Rank.R2>(slice(logits, [0, 0, 0, 0], [1, images, tokens, 1]), [images, tokens]);
  const starts = Array.from({ length: images }, (_, b) => b * tokens);
  return sub(
    reshape(bestRows(scores, queries), [images, queries]),
    starts.map((start) => [start]),
  );
}
