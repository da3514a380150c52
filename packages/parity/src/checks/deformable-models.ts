/** Compares models with deformable attention: predictions of decoder and encoder, losses, gradients and steps. */
import type { NamedTensors } from '@dn-detr/core';
import { type LevelPositionOptions, type LevelTokens, resizeMask, type TransformerOutput } from '@dn-detr/core/models';
import { sinePositions } from '@dn-detr/core/nn';
import type { KnownQueries } from '@dn-detr/dn';
import { knownInputs, type SplitPredictions, splitPredictions } from '@dn-detr/dn/tfjs';
import {
  mul,
  type Rank,
  reshape,
  slice,
  sub,
  type Tensor,
  type Tensor3D,
  type Tensor4D,
  transpose,
} from '@tensorflow/tfjs-core';
import type { Check, Computed } from '../check.ts';
import { take, withoutLeak } from '../gradients.ts';
import { countAt, objectAt } from '../json.ts';
import { embeddedLevels, mapsOf, referencesOf, withoutPadding } from './deformable-outputs.ts';
import { readDeformableSetup } from './deformable-setup.ts';
import { knownOf, loadParameters, type ModelSetup } from './model-setup.ts';
import { trainingOf } from './model-training.ts';
import { bestTokens, chosenTokens, ofLastLayer } from './two-stage.ts';

const check: Check = {
  inputs: ['image', 'mask', 'gt_*', 'draw.*'],
  optional: [
    ...['features.*', 'src.*', 'pos.*', 'level_mask.*', 'memory', 'topk', 'enc_*'],
    ...['init_reference', 'hs', 'references', 'dn_*', 'eval_*', 'interm_*', 'init_box_proposal'],
  ],
  cases: () => [''],
  run: (fixture) =>
    withoutLeak(() => {
      const setup = readDeformableSetup(fixture);
      const parameters = loadParameters(setup);
      const { backbone, batch, width } = setup;
      const levels = countAt(objectAt(fixture.json.config, 'config').levels, 'config.levels');
      const position = positionOf(fixture.kind);
      const tokens = embeddedLevels(backbone, batch, parameters, { width, levels, position });
      return {
        ...levelsOf(setup, parameters, tokens),
        ...predictionsOf(setup, parameters, tokens),
        ...trainingOf(setup, parameters),
      };
    }),
};

/** Checks by globs for kinds; they precede those of models with one feature map, whose names begin alike. */
export const deformableModelChecks: Readonly<Record<string, Check>> = {
  model_deformable: check,
  'model_deformable_*': check,
  model_dn_deformable: check,
  'model_dn_deformable_*': check,
  model_dino: check,
  'model_dino_*': check,
};

const isDino = (kind: string): boolean => kind.startsWith('model_dino');

const positionOf = (kind: string): LevelPositionOptions => (isDino(kind) ? { temperatureH: 20 } : { offset: -0.5 });

/** The tokens of every level, before the encoder. */
function levelsOf(
  { fixture, batch, backbone, width }: ModelSetup,
  parameters: NamedTensors,
  tokens: LevelTokens,
): Record<string, Computed> {
  const outputs: Record<string, Computed> = {};
  mapsOf(backbone, batch, parameters).forEach((map, l) => {
    outputs[`features.${l}`] = take(channelsFirst(map.clone()));
  });
  const images = batch.padding?.shape[0] as number;
  const features = reshape<Rank.R3>(tokens.features, [images, -1, width]);
  let start = 0;
  tokens.sizes.forEach(({ height: h, width: w }, l) => {
    const mask = resizeMask(batch.padding as Tensor3D, [h, w]);
    const map = reshape<Rank.R4>(slice(features, [0, start, 0], [images, h * w, width]), [images, h, w, width]);
    const positions = reshape<Rank.R4>(
      sinePositions([images, h, w], { ...positionOf(fixture.kind), width }, mask),
      map.shape,
    );
    outputs[`src.${l}`] = take(channelsFirst(map));
    outputs[`pos.${l}`] = take(channelsFirst(mul(positions, sub(1, reshape(mask, [images, h, w, 1])))));
    outputs[`level_mask.${l}`] = take(mask);
    start += h * w;
  });
  return outputs;
}

const channelsFirst = (x: Tensor4D): Tensor => transpose(x, [0, 3, 1, 2]);

/** Everything that is stored from the forward passes, before any step. */
function predictionsOf(setup: ModelSetup, parameters: NamedTensors, tokens: LevelTokens): Record<string, Computed> {
  const { fixture, width } = setup;
  const outputs: Record<string, Computed> = {};
  const evaluated = forward(setup, parameters);
  const encoder = { setup, parameters, tokens };
  Object.assign(outputs, withPrefix(encoderOutputsOf(encoder, evaluated), 'eval_'));
  outputs.eval_logits = take(evaluated.sets[0].logits);
  outputs.eval_boxes = take(evaluated.sets[0].boxes);

  const known = knownOf(setup, 1);
  const output = forward(setup, parameters, known);
  const [decoded] = output.sets;
  const [layers, images, total] = decoded.logits.shape;
  Object.assign(outputs, encoderOutputsOf(encoder, output));
  outputs.hs = take(reshape(output.hidden, [layers, images, total, width]));
  outputs.memory = take(withoutPadding(output.memory, tokens));
  if (isDino(fixture.kind)) {
    // The references that entered each layer; the fixture also has those that the last layer predicts from its output.
    const entered = (output.anchors as Tensor4D).dataSync<'float32'>();
    const stored = fixture.tensors.get('references')?.data;
    if (stored) outputs.references = { values: entered, expected: { values: stored.slice(0, entered.length) } };
  } else {
    const references = referencesOf(output, parameters);
    outputs.references = take(references.afterLayers);
    outputs.init_reference = take(references.initial);
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

interface EncoderInputs {
  readonly setup: ModelSetup;
  readonly parameters: NamedTensors;
  readonly tokens: LevelTokens;
}

/** The predictions of a two-stage model's encoder, and the tokens that become queries. */
function encoderOutputsOf(
  { setup, parameters, tokens }: EncoderInputs,
  { sets: [, proposed], memory }: TransformerOutput,
): Record<string, Computed> {
  if (proposed === undefined) return {};
  const { detector, fixture, batch } = setup;
  const { queries } = detector;
  if (!isDino(fixture.kind)) {
    return {
      topk: take(bestTokens(proposed.logits, queries)),
      enc_logits: take(ofLastLayer(proposed.logits)),
      enc_boxes: take(ofLastLayer(proposed.boxes)),
    };
  }
  const { topk, init_box_proposal } = chosenTokens('transformer', parameters, {
    memory: { ...tokens, features: memory },
    batch: batch.padding?.shape[0] as number,
    queries,
  });
  return {
    topk: take(topk),
    interm_logits: take(ofLastLayer(proposed.logits)),
    interm_boxes: take(ofLastLayer(proposed.boxes)),
    init_box_proposal: take(init_box_proposal),
  };
}

const withPrefix = (outputs: Record<string, Computed>, prefix: string): Record<string, Computed> =>
  Object.fromEntries(Object.entries(outputs).map(([key, output]) => [prefix + key, output]));

function forward({ detector, batch }: ModelSetup, parameters: NamedTensors, known?: KnownQueries) {
  const inputs = known && knownInputs(known);
  return 'levels' in batch
    ? detector.forwardFeatures(parameters, batch, inputs)
    : detector.forward(parameters, batch, inputs);
}
