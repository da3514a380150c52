/**
 * Compares the encoder's proposals, and the queries that two-stage Deformable DETR and DINO make from the best ones.
 */
import type { NamedTensors } from '@dn-detr/core';
import {
  bestRows,
  encoderOutputs,
  joinQueries,
  mixedSelection,
  proposalsOf,
  proposedQueries,
  type QueryStartInput,
} from '@dn-detr/core/models';
import { affine, linear, mlp } from '@dn-detr/core/nn';
import {
  add,
  gather,
  max,
  mul,
  type Rank,
  reshape,
  sigmoid,
  slice,
  sub,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  type Tensor3D,
  type Tensor4D,
  zeros,
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
    // `valid` of `image` is the size from which the masks were made.
    ...['d_model', 'num_classes', 'num_queries', 'spatial_shapes', 'image', 'valid', 'kinks', 'noise_float32'],
    ...['pad_size', 'embed_init_tgt', 'two_stage_learn_wh'],
  ],
  optional: ['gin.*', 'gw.*'],
  cases: ({ cases }) => [...cases.keys()],
  run: (fixture, caseName) => {
    const { compute } = kinds.find(({ mark }) => fixture.tensors.has(storedName(caseName, mark))) ?? {};
    if (compute !== undefined) return withoutLeak(() => compute(fixture, caseName));
    const marks = kinds.map(({ mark }) => mark).join(', ');
    throw new FixtureError(`${caseName}: these tensors fit no known computation: expected one of ${marks}`);
  },
};

type Compute = (fixture: Fixture, caseName: string) => Record<string, Computed>;

/** The computations, each recognised by one tensor of the case. */
const kinds: readonly { readonly mark: string; readonly compute: Compute }[] = [
  { mark: 'w.pos_trans.weight', compute: runSelection },
  { mark: 'w.enc_out_class_embed.weight', compute: runMixedSelection },
  { mark: 'out.proposals', compute: runProposals },
];

function runProposals(fixture: Fixture, caseName: string): Record<string, Computed> {
  const levels = paddedLevelsOf(fixture, caseName);
  return outputsAndGradients(fixture, caseName, ({ memory, learned_wh }) => {
    const finest = learned_wh && sigmoid(reshape<Rank.R2>(learned_wh, [1, 2]));
    const { anchors, valid } = proposalsOf(levels, finest);
    return { 'out.memory': mul(memory as Tensor, valid), 'out.proposals': anchors, 'out.boxes': sigmoid(anchors) };
  });
}

/** The sizes and levels of a case. */
function setupOf(fixture: Fixture, caseName: string) {
  const where = `cases.${caseName}`;
  const facts = objectAt(fixture.cases.get(caseName), where);
  const count = (field: string): number => countAt(facts[field], `${where}.${field}`);
  return {
    count,
    facts,
    width: count('d_model'),
    queries: count('num_queries'),
    levels: paddedLevelsOf(fixture, caseName),
    batch: tensorOf(fixture, caseName, 'in.memory').shape[0] as number,
  };
}

function runSelection(fixture: Fixture, caseName: string): Record<string, Computed> {
  const { count, width, queries, levels, batch } = setupOf(fixture, caseName);
  // The encoder uses the last of the decoder's heads.
  const head = countLayers(fixture.tensors.keys(), `${caseName}.w.decoder.class_embed.`) - 1;
  if (head < 0) throw new FixtureError(`${caseName}: there is no w.decoder.class_embed.0.weight`);
  const group = 'rest';
  const select = proposedQueries('a', {
    width,
    queries,
    classHead: linear(`a.decoder.class_embed.${head}`, { inputs: width, outputs: count('num_classes'), group }),
    boxHead: mlp(`a.decoder.bbox_embed.${head}`, { widths: [width, width, width, 4], group }),
  });
  return outputsAndGradients(fixture, caseName, ({ memory }, weights) => {
    const features = reshape<Rank.R2>(memory as Tensor3D, [-1, width]);
    const { content, positions, references, encoderSet } = select.apply(withPrefix(weights, 'a.'), {
      memory: { ...levels, features, positions: features },
      batch,
    });
    if (encoderSet === undefined) throw new FixtureError(`${caseName}: our selection returns no predictions`);
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

/** DINO's selection; known queries, if the case has any, precede the selected ones. */
function runMixedSelection(fixture: Fixture, caseName: string): Record<string, Computed> {
  const { count, facts, width, queries, levels, batch } = setupOf(fixture, caseName);
  const group = 'rest';
  const learnedProposalSize = facts.two_stage_learn_wh === true;
  const select = mixedSelection('a', {
    width,
    queries,
    content: facts.embed_init_tgt === true ? 'learned' : 'encoder',
    learnedProposalSize,
    classHead: linear('a.enc_out_class_embed', { inputs: width, outputs: count('num_classes'), group }),
    boxHead: mlp('a.enc_out_bbox_embed', { widths: [width, width, width, 4], group }),
  });
  return outputsAndGradients(fixture, caseName, (inputs, weights) => {
    const features = reshape<Rank.R2>(inputs.memory as Tensor3D, [-1, width]);
    const tensors = withPrefix(weights, 'a.');
    const memory = { ...levels, features, positions: features };
    const { content, anchors, encoderSet } = select.apply(tensors, { memory, batch });
    const rows = (x: Tensor | undefined) => x && reshape<Rank.R2>(x, [-1, x.shape.at(-1) as number]);
    const joined = (known: Tensor | undefined, selected: Tensor2D) =>
      reshape(joinQueries(rows(known), selected, batch), [batch, -1, selected.shape[1]]);
    return {
      'out.tgt': joined(inputs.dn_tgt, content),
      'out.refpoints': joined(inputs.dn_refpoints, anchors),
      'out.interm_logits': ofLastLayer(encoderSet.logits),
      'out.interm_boxes': ofLastLayer(encoderSet.boxes),
      ...withPrefix(chosenTokens('a', tensors, { memory, batch, queries, learnedProposalSize }), 'out.'),
    };
  });
}

interface ChoiceInput extends QueryStartInput {
  readonly queries: number;
  /** Whether the size of proposals is learned. @defaultValue false */
  readonly learnedProposalSize?: boolean;
}

/**
 * The tokens of each image that become DINO's queries, and the boxes of their proposals.
 *
 * @param name of the transformer
 */
export function chosenTokens(
  name: string,
  tensors: NamedTensors,
  { memory, batch, queries, learnedProposalSize = false }: ChoiceInput,
): { topk: Tensor; init_box_proposal: Tensor } {
  const [weight, bias] = ['weight', 'bias'].map((part) => tensors[`${name}.enc_out_class_embed.${part}`]);
  const width = memory.features.shape[1];
  const outputs = encoderOutputs(name, width, learnedProposalSize).apply(tensors, { memory, batch });
  const scores = max(affine(outputs.features, weight as Tensor2D, bias as Tensor1D), 1);
  const chosen = bestRows(reshape<Rank.R2>(scores, [batch, -1]), queries);
  const tokens = outputs.features.shape[0] / batch;
  const starts = Array.from({ length: batch }, (_, b) => [b * tokens]);
  const anchors = reshape<Rank.R2>(add(outputs.anchors, zeros([batch, 1, 1])), [batch * tokens, 4]);
  return {
    topk: sub(reshape(chosen, [batch, queries]), starts),
    init_box_proposal: reshape(sigmoid(gather(anchors, chosen)), [batch, queries, 4]),
  };
}

/** The last layer `[B, T, k]` of `[L, B, T, k]`. */
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
