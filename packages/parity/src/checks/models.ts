/** Compares full models: predictions, losses, gradients of every parameter, and the parameters after three steps. */
import type { NamedTensors } from '@dn-detr/core';
import { resizeMask } from '@dn-detr/core/models';
import { sinePositions } from '@dn-detr/core/nn';
import type { KnownQueries } from '@dn-detr/dn';
import { knownInputs, type SplitPredictions, splitPredictions } from '@dn-detr/dn/tfjs';
import { reshape, type Tensor3D, type Tensor4D, transpose } from '@tensorflow/tfjs-core';
import type { Check, Computed } from '../check.ts';
import type { Fixture } from '../fixture.ts';
import { loadTensor, take, withoutLeak } from '../gradients.ts';
import { knownOf, loadParameters, type ModelSetup, readModelSetup } from './model-setup.ts';
import { trainingOf } from './model-training.ts';

const check: Check = {
  inputs: ['w.*', 'features', 'image', 'mask', 'gt_*', 'draw.*'],
  optional: ['eval_*', 'hs', 'memory', 'pos', 'references', 'feature_mask'],
  cases: () => [''],
  run: (fixture) => withoutLeak(() => runModel(fixture)),
};

/** Checks by globs for kinds: `model_dn_conv`, `model_dn_h256_hash` and so on are separate kinds. */
export const modelChecks: Readonly<Record<string, Check>> = {
  model_detr: check,
  'model_detr_*': check,
  model_dn: check,
  'model_dn_*': check,
};

function runModel(fixture: Fixture): Record<string, Computed> {
  const setup = readModelSetup(fixture);
  const parameters = loadParameters(setup);
  return { ...predictionsOf(setup, parameters), ...trainingOf(setup, parameters) };
}

function forward({ detector, batch }: ModelSetup, parameters: NamedTensors, known?: KnownQueries) {
  const inputs = known && knownInputs(known);
  return 'levels' in batch
    ? detector.forwardFeatures(parameters, batch, inputs)
    : detector.forward(parameters, batch, inputs);
}

/** Everything that is stored from the forward passes, before any step. */
function predictionsOf(setup: ModelSetup, parameters: NamedTensors): Record<string, Computed> {
  const { fixture, batch, width } = setup;
  const outputs: Record<string, Computed> = {};
  const [evaluated] = forward(setup, parameters).sets;
  outputs.eval_logits = take(evaluated.logits);
  outputs.eval_boxes = take(evaluated.boxes);

  const known = knownOf(setup, 1);
  const trained = forward(setup, parameters, known);
  const [decoded] = trained.sets;
  const [layers, images, total] = decoded.logits.shape;
  // [L*B*T, d] becomes [L, T, B, d] in DETR and [L, B, T, d] in DN-DETR.
  const hidden = reshape(trained.hidden, [layers, images, total, width]);
  outputs.hs = take(known ? hidden : transpose(hidden, [0, 2, 1, 3]));
  outputs.memory = take(transpose(reshape(trained.memory, [images, -1, width]), [1, 0, 2]));
  const parts: SplitPredictions = known ? splitPredictions(decoded, known) : { known: undefined, matching: decoded };
  outputs.pred_logits = take(parts.matching.logits);
  outputs.pred_boxes = take(parts.matching.boxes);
  if (parts.known) {
    outputs.dn_logits = take(parts.known.logits);
    outputs.dn_boxes = take(parts.known.boxes);
  }
  if (trained.anchors) outputs.references = take(trained.anchors);

  const padding = loadTensor(fixture, '', 'images' in batch ? 'feature_mask' : 'mask') as Tensor3D;
  const temperature = known ? { temperatureH: 20 } : {};
  const [, height, mapWidth] = padding.shape;
  const positions = sinePositions([images, height, mapWidth], { width, ...temperature }, padding);
  outputs.pos = take(transpose(reshape(positions, [images, height, mapWidth, width]), [0, 3, 1, 2]));
  if ('images' in batch) {
    const [features] = setup.backbone.forward(parameters, batch.images);
    outputs.features = take(transpose(features as Tensor4D, [0, 3, 1, 2]));
    outputs.feature_mask = take(resizeMask(batch.padding as Tensor3D, [height, mapWidth]));
  }
  return outputs;
}
