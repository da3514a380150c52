/** Whole models: predictions, losses, gradients of every parameter, and the parameters after three optimiser steps. */
import {
  adamwInit,
  adamwScalars,
  adamwStep,
  clipByGlobalNorm,
  type NamedTensors,
  ParameterLayout,
  valueAndFlatGrads,
} from '@dn-detr/core';
import { boxL1Loss, byName, focalLoss, giouLoss, softmaxLoss } from '@dn-detr/core/loss';
import { resizeMask } from '@dn-detr/core/models';
import { type ParameterGroup, sinePositions } from '@dn-detr/core/nn';
import { globalNorm } from '@dn-detr/core/optim';
import type { KnownQueries } from '@dn-detr/dn';
import { knownInputs, type SplitPredictions, splitPredictions } from '@dn-detr/dn/tfjs';
import { matchingCosts } from '@dn-detr/matcher';
import { hostValue } from '@dn-detr/runtime';
import { detectionLoss, loggedFigures, numLogitsOf } from '@dn-detr/train';
import { reshape, type Tensor3D, type Tensor4D, tensor1d, transpose } from '@tensorflow/tfjs-core';
import type { Check, Computed } from '../check.ts';
import type { Fixture } from '../fixture.ts';
import { loadTensor, take, withoutLeak } from '../gradients.ts';
import { arrayAt, type JsonObject, numberAt, numbersAt, objectAt } from '../json.ts';
import { targetsOf } from './known-queries.ts';
import { lossWeightsOf } from './loss-weights.ts';
import { isKernel, knownOf, loadParameters, type ModelSetup, readModelSetup } from './model-setup.ts';

const check: Check = {
  inputs: ['w.*', 'features', 'image', 'mask', 'gt_*', 'draw.*'],
  optional: ['eval_*', 'hs', 'memory', 'pos', 'references', 'feature_mask'],
  // Deformable DETRs, whose kinds begin alike, have several levels of features.
  covers: ({ json }) => objectAt(json.config, 'config').levels === undefined,
  cases: () => [''],
  run: (fixture) => withoutLeak(() => runModel(fixture)),
};

/** By globs: `model_dn_conv`, `model_dn_h256_hash` and so on are kinds of their own. */
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

/** Everything that is stored of the forward passes, before any step. */
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
  // [L*B*T, d] as [L, T, B, d] in DETR and as [L, B, T, d] in DN-DETR
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

/** Steps of AdamW on the same batch, matched anew each time. */
function trainingOf(setup: ModelSetup, parameters: NamedTensors): Record<string, Computed> {
  const { fixture, detector, batch, denoising } = setup;
  const outputs: Record<string, Computed> = {};
  const optimizer = objectAt(fixture.json.optimizer, 'optimizer');
  const layout = new ParameterLayout(detector.parameters);
  const weightDecay = numberAt(optimizer.weight_decay, 'optimizer.weight_decay');
  const rateOf = (group: ParameterGroup): number =>
    numberAt(optimizer[group === 'backbone' ? 'lr_backbone' : 'lr'], 'lr');
  const [beta1, beta2] = numbersAt(optimizer.betas, 'optimizer.betas');
  const options = {
    groups: layout.groups.map(({ name }) => ({ learningRate: rateOf(name), weightDecay })),
    beta1: numberAt(beta1, 'optimizer.betas[0]'),
    beta2: numberAt(beta2, 'optimizer.betas[1]'),
    epsilon: numberAt(optimizer.eps, 'optimizer.eps'),
  };
  const clip = numberAt(optimizer.clip, 'optimizer.clip');
  const weights = lossWeightsOf(fixture.json.weight_dict, 'weight_dict');
  const terms = [
    denoising
      ? focalLoss({ alpha: 0.25, gamma: 2, weight: weights.class })
      : softmaxLoss({ eosCoef: 0.1, weight: weights.class }),
    boxL1Loss({ weight: weights.bbox }),
    giouLoss({ epsilon: denoising ? 1e-6 : 0, weight: weights.giou }),
  ];

  const objects = targetsOf(fixture, '');
  const head = denoising ? 'sigmoid' : 'softmax';
  const matching = denoising ? matchingCosts.dnDetr : matchingCosts.detr;
  const loss = detectionLoss({ detector, head, terms, matching });
  let state = adamwInit(layout.flatten(parameters));
  const steps = arrayAt(fixture.json.steps, 'steps');
  steps.forEach((stored, i) => {
    const known = knownOf(setup, i + 1);
    const inputs = known && knownInputs(known);
    const targets = hostValue({ objects, known: known?.targets });
    const result = valueAndFlatGrads(layout, state.params, (named) => loss(named, batch, targets, inputs));
    const clipped =
      clip > 0 ? clipByGlobalNorm(result.grads, clip) : { grads: result.grads, norm: globalNorm(result.grads) };
    if (i === 0) Object.assign(outputs, describeTensors(setup, 'grad', layout.unflatten(result.grads)));

    const lastLogit = numLogitsOf(head, detector.numClasses) - 1;
    const ours = byName(loggedFigures(result.aux, terms, objects, lastLogit));
    const facts = objectAt(stored, `steps[${i}]`);
    const names = Object.keys(objectAt(facts.losses, `steps[${i}].losses`));
    outputs[`losses.step${i + 1}`] = {
      values: [...names.map((name) => ours[name] ?? Number.NaN), result.loss.dataSync()[0] as number],
      expected: {
        values: [
          ...names.map((name) => numberAt((facts.losses as JsonObject)[name], name)),
          numberAt(facts.total, 'total'),
        ],
      },
    };
    outputs[`grad.norm${i + 1}`] = {
      values: clipped.norm.dataSync(),
      expected: { values: [numberAt(facts.grad_norm, 'grad_norm')] },
    };
    state = adamwStep(state, clipped.grads, tensor1d(adamwScalars(i + 1, options)), options);
  });
  return { ...outputs, ...describeTensors(setup, `after${steps.length}`, layout.unflatten(state.params)) };
}

/** Tensors by parameter: whole ones under the keys of the fixture, or, where it stores no more, a start and sums. */
function describeTensors({ fixture, detector }: ModelSetup, kind: 'grad' | `after${number}`, tensors: NamedTensors) {
  const { sums, grad_norms } = fixture.json;
  const outputs: Record<string, Computed> = {};
  const values: Record<string, Float32Array> = {};
  for (const [name, value] of Object.entries(tensors)) {
    const stored = isKernel(detector, name) ? transpose(value, [3, 2, 0, 1]) : value;
    values[name] = stored.dataSync<'float32'>();
    if (sums === undefined) outputs[`${kind}.${name}`] = { values: values[name], shape: stored.shape };
    else {
      const head = `${kind}.head.${name}`;
      outputs[head] = { values: values[name].subarray(0, fixture.tensors.get(head)?.data.length) };
    }
  }
  const valuesOf = (name: string): Float32Array => values[name] ?? new Float32Array();
  if (kind === 'grad')
    outputs['grad.norms'] = compareEach(objectAt(grad_norms, 'grad_norms'), (name, norm) => [
      [Math.sqrt(sumOf(valuesOf(name).map((value) => value ** 2))), numberAt(norm, name)],
    ]);
  if (sums !== undefined)
    outputs[kind === 'grad' ? 'grad.sums' : 'sums'] = compareEach(objectAt(sums, 'sums'), (name, stored) => {
      const facts = objectAt(stored, name);
      const magnitude = numberAt(facts[`${kind}_abs`], `${kind}_abs`);
      // A sum that cancels is as exact as its largest parts, and a mathematically zero gradient is all rounding.
      const unit = Math.max(1, magnitude);
      const absolute = [sumOf(valuesOf(name).map(Math.abs)) / unit, magnitude / unit] as const;
      if (kind !== 'grad') return [absolute];
      return [absolute, [sumOf(valuesOf(name)) / unit, numberAt(facts.grad_sum, 'grad_sum') / unit]];
    });
  return outputs;
}

/** One list to compare, of what each entry gives: our numbers and the stored ones. */
function compareEach(
  facts: JsonObject,
  pairsOf: (name: string, fact: unknown) => readonly (readonly [ours: number, stored: number])[],
): Computed {
  const pairs = Object.entries(facts).flatMap(([name, fact]) => pairsOf(name, fact));
  return { values: pairs.map(([ours]) => ours), expected: { values: pairs.map(([, stored]) => stored) } };
}

/** In float64. */
const sumOf = (values: Float32Array): number => values.reduce((total, value) => total + value, 0);
