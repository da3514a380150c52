/** Whole models with deformable attention: predictions of decoder and encoder, losses, gradients and steps. */
import type { NamedTensors } from '@dn-detr/core';
import { type LevelTokens, resizeMask } from '@dn-detr/core/models';
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
import { bestTokens, ofLastLayer } from './two-stage.ts';

const check: Check = {
  inputs: ['image', 'mask', 'gt_*', 'draw.*'],
  optional: [
    ...['features.*', 'src.*', 'pos.*', 'level_mask.*', 'memory', 'topk', 'enc_*'],
    ...['init_reference', 'hs', 'references', 'dn_*', 'eval_*'],
  ],
  cases: () => [''],
  run: (fixture) =>
    withoutLeak(() => {
      const setup = readDeformableSetup(fixture);
      const parameters = loadParameters(setup);
      const { backbone, batch, width } = setup;
      const levels = countAt(objectAt(fixture.json.config, 'config').levels, 'config.levels');
      const tokens = embeddedLevels(backbone, batch, parameters, { width, levels });
      return {
        ...levelsOf(setup, parameters, tokens),
        ...predictionsOf(setup, parameters, tokens),
        ...trainingOf(setup, parameters),
      };
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
function levelsOf(
  { batch, backbone, width }: ModelSetup,
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
function predictionsOf(setup: ModelSetup, parameters: NamedTensors, tokens: LevelTokens): Record<string, Computed> {
  const { width, detector } = setup;
  const outputs: Record<string, Computed> = {};
  const [evaluated, proposed] = forward(setup, parameters).sets;
  outputs.eval_logits = take(evaluated.logits);
  outputs.eval_boxes = take(evaluated.boxes);
  if (proposed) outputs.eval_topk = take(bestTokens(proposed.logits, detector.queries));

  const known = knownOf(setup, 1);
  const output = forward(setup, parameters, known);
  const [decoded, encoded] = output.sets;
  const [layers, images, total] = decoded.logits.shape;
  const references = referencesOf(output, parameters);
  outputs.hs = take(reshape(output.hidden, [layers, images, total, width]));
  outputs.memory = take(withoutPadding(output.memory, tokens));
  outputs.references = take(references.afterLayers);
  outputs.init_reference = take(references.initial);
  if (encoded) {
    outputs.topk = take(bestTokens(encoded.logits, detector.queries));
    outputs.enc_logits = take(ofLastLayer(encoded.logits));
    outputs.enc_boxes = take(ofLastLayer(encoded.boxes));
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
