/** Whole models with deformable attention: predictions of decoder and encoder, losses, gradients and steps. */
import type { NamedTensors } from '@dn-detr/core';
import { bestRows, levelTokens, resizeMask } from '@dn-detr/core/models';
import { affine, sinePositions } from '@dn-detr/core/nn';
import type { KnownQueries } from '@dn-detr/dn';
import { knownInputs, type SplitPredictions, splitPredictions } from '@dn-detr/dn/tfjs';
import {
  concat,
  mul,
  type Rank,
  reshape,
  sigmoid,
  slice,
  split,
  sub,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  type Tensor3D,
  type Tensor4D,
  tile,
  transpose,
} from '@tensorflow/tfjs-core';
import type { Check, Computed } from '../check.ts';
import { loadTensor, loadTensors, take, withoutLeak } from '../gradients.ts';
import { readDeformableSetup } from './deformable-setup.ts';
import { knownOf, loadParameters, type ModelSetup } from './model-setup.ts';
import { trainingOf } from './model-training.ts';

const check: Check = {
  inputs: ['image', 'mask', 'gt_*', 'draw.*'],
  optional: ['eval_topk', 'topk', 'enc_*', 'pos.*', 'src.*', 'features.*', 'level_mask.*', 'dn_*'],
  cases: () => [''],
  run: (fixture) =>
    withoutLeak(() => {
      const setup = readDeformableSetup(fixture);
      const parameters = loadParameters(setup);
      return { ...levelsOf(setup, parameters), ...predictionsOf(setup, parameters), ...trainingOf(setup, parameters) };
    }),
};

/** By globs over kinds, before those of models of one feature map, whose names begin alike. */
export const deformableModelChecks: Readonly<Record<string, Check>> = {
  model_deformable: check,
  'model_deformable_*': check,
  model_dn_deformable: check,
  'model_dn_deformable_*': check,
};

/** The tokens of every level, before the encoder. */
function levelsOf({ fixture, batch, backbone, width }: ModelSetup, parameters: NamedTensors): Record<string, Computed> {
  const outputs: Record<string, Computed> = {};
  const padding = loadTensor(fixture, '', 'mask') as Tensor3D;
  const maps =
    'levels' in batch ? batch.levels.map(({ features }) => features) : backbone.forward(parameters, batch.images);
  const levels = maps.map((features) => ({
    features,
    padding: resizeMask(padding, [features.shape[1], features.shape[2]]),
  }));
  maps.forEach((features, l) => {
    outputs[`features.${l}`] = take(channelsFirst(features.clone()));
  });
  const count = [...fixture.tensors.keys()].filter((name) => name.startsWith('level_mask.')).length;
  const tokens = levelTokens(backbone.levels, { width, levels: count }).apply(parameters, { levels, padding });
  const images = padding.shape[0];
  let start = 0;
  const features = reshape<Rank.R3>(tokens.features, [images, -1, width]);
  tokens.sizes.forEach(({ height: h, width: w }, l) => {
    const mask = resizeMask(padding, [h, w]);
    const map = reshape<Rank.R4>(slice(features, [0, start, 0], [images, h * w, width]), [images, h, w, width]);
    const positions = reshape<Rank.R4>(sinePositions([images, h, w], { width, offset: -0.5 }, mask), map.shape);
    outputs[`src.${l}`] = take(channelsFirst(map));
    outputs[`pos.${l}`] = take(channelsFirst(mul(positions, sub(1, reshape(mask, [images, h, w, 1])))));
    outputs[`level_mask.${l}`] = take(mask);
    start += h * w;
  });
  return outputs;
}

const channelsFirst = (x: Tensor4D): Tensor => transpose(x, [0, 3, 1, 2]);

/** Everything that is stored of the forward passes, before any step. */
function predictionsOf(setup: ModelSetup, parameters: NamedTensors): Record<string, Computed> {
  const { width, detector } = setup;
  const outputs: Record<string, Computed> = {};
  const [evaluated, proposed] = forward(setup, parameters).sets;
  outputs.eval_logits = take(evaluated.logits);
  outputs.eval_boxes = take(evaluated.boxes);
  if (proposed) outputs.eval_topk = take(bestTokens(proposed.logits, detector.queries));

  const known = knownOf(setup, 1);
  const { sets, hidden, memory, anchors } = forward(setup, parameters, known);
  const [decoded, encoded] = sets;
  const [layers, images, total] = decoded.logits.shape;
  outputs.hs = take(reshape(hidden, [layers, images, total, width]));
  outputs.memory = take(withoutPadding(setup, reshape<Rank.R3>(memory, [images, -1, width])));
  const first = anchors ? slice(anchors, 0, 1) : undefined;
  const initial = first ? reshape<Rank.R3>(first, [images, total, 4]) : learnedPoints(parameters, images);
  // Where there is one head for all layers, references stay what they are.
  const refines = Object.keys(parameters).some((name) => name.startsWith('transformer.decoder.bbox_embed.'));
  outputs.references = take(
    refines ? decoded.boxes.clone() : tile(reshape(initial, [1, ...initial.shape]), [layers, 1, 1, 1]),
  );
  outputs.init_reference = take(initial);
  if (encoded) {
    outputs.topk = take(bestTokens(encoded.logits, detector.queries));
    outputs.enc_logits = take(firstOf(encoded.logits));
    outputs.enc_boxes = take(firstOf(encoded.boxes));
  }
  const parts: SplitPredictions = known ? splitPredictions(decoded, known) : { known: undefined, matching: decoded };
  outputs.pred_logits = take(parts.matching.logits);
  outputs.pred_boxes = take(parts.matching.boxes);
  if (parts.known) {
    outputs.dn_logits = take(parts.known.logits);
    outputs.dn_boxes = take(parts.known.boxes);
  }
  return outputs;
}

function forward({ detector, batch }: ModelSetup, parameters: NamedTensors, known?: KnownQueries) {
  const inputs = known && knownInputs(known);
  return 'levels' in batch
    ? detector.forwardFeatures(parameters, batch, inputs)
    : detector.forward(parameters, batch, inputs);
}

/** `[1, B, S, k]` as `[B, S, k]`. */
const firstOf = (x: Tensor4D): Tensor => reshape(x, x.shape.slice(1));

/** The tokens of each image with the highest logits of class 0, `[B, Q]`. */
function bestTokens(logits: Tensor4D, queries: number): Tensor {
  const [, images, tokens] = logits.shape;
  const scores = reshape<Rank.R2>(slice(logits, [0, 0, 0, 0], [1, images, tokens, 1]), [images, tokens]);
  const starts = Array.from({ length: images }, (_, b) => b * tokens);
  return sub(
    reshape(bestRows(scores, queries), [images, queries]),
    starts.map((start) => [start]),
  );
}

/** Zeros where tokens `[B, S, d]` are padded. */
function withoutPadding({ fixture }: ModelSetup, tokens: Tensor3D): Tensor {
  const [images] = tokens.shape;
  const masks = Object.entries(loadTensors(fixture, '', 'level_mask.'))
    .sort(([a], [b]) => Number(a) - Number(b))
    .map(([, mask]) => reshape<Rank.R3>(mask, [images, -1, 1]));
  return mul(tokens, sub(1, concat(masks, 1)));
}

/** The points that Deformable DETR's queries look from: a linear layer of their positions, `[B, Q, 2]`. */
function learnedPoints(parameters: NamedTensors, images: number): Tensor3D {
  const [positions] = split(parameters['query_embed.weight'] as Tensor2D, 2, 1) as [Tensor2D, Tensor2D];
  const weight = parameters['transformer.reference_points.weight'] as Tensor2D;
  const points = sigmoid(affine(positions, weight, parameters['transformer.reference_points.bias'] as Tensor1D));
  return tile(reshape<Rank.R3>(points, [1, ...points.shape]), [images, 1, 1]);
}
