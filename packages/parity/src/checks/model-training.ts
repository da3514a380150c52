/**
 * Training steps of full models: losses, gradients of every parameter, and the parameters after three optimiser steps.
 */
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
import { globalNorm } from '@dn-detr/core/optim';
import { knownInputs } from '@dn-detr/dn/tfjs';
import { matchingCosts } from '@dn-detr/matcher';
import { hostValue } from '@dn-detr/runtime';
import { detectionLoss, loggedFigures, numLogitsOf } from '@dn-detr/train';
import { tensor1d, transpose } from '@tensorflow/tfjs-core';
import type { Computed } from '../check.ts';
import { arrayAt, type JsonObject, numberAt, numbersAt, objectAt, stringAt } from '../json.ts';
import { targetsOf } from './known-queries.ts';
import { isCounted, lossWeightsOf, ourLossName } from './loss-weights.ts';
import { isKernel, knownOf, type ModelSetup } from './model-setup.ts';

/** Takes steps of AdamW on the same batch, with new matches in each step. */
export function trainingOf(setup: ModelSetup, parameters: NamedTensors): Record<string, Computed> {
  const { fixture, detector, batch, head, epsilon } = setup;
  const outputs: Record<string, Computed> = {};
  const optimizer = objectAt(fixture.json.optimizer, 'optimizer');
  const slowNames = arrayAt(optimizer.linear_proj_names ?? [], 'optimizer.linear_proj_names').map((name) =>
    stringAt(name, 'optimizer.linear_proj_names'),
  );
  const isSlow = (name: string): boolean => slowNames.some((part) => name.includes(part));
  const layout = new ParameterLayout<string, string>(
    detector.parameters.map((spec) => ({ ...spec, group: isSlow(spec.name) ? 'linear_proj' : spec.group })),
  );
  const weightDecay = numberAt(optimizer.weight_decay, 'optimizer.weight_decay');
  const rateOf = (group: string): number => numberAt(optimizer[group === 'rest' ? 'lr' : `lr_${group}`], 'lr');
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
    head === 'sigmoid'
      ? focalLoss({ alpha: 0.25, gamma: 2, weight: weights.class })
      : softmaxLoss({ eosCoef: 0.1, weight: weights.class }),
    boxL1Loss({ weight: weights.bbox }),
    giouLoss({ epsilon, weight: weights.giou }),
  ];

  const objects = targetsOf(fixture, '');
  const preset = head === 'sigmoid' ? matchingCosts.dnDetr : matchingCosts.detr;
  const matching = preset.map((term) => ('kind' in term && term.kind === 'giou' ? { ...term, epsilon } : term));
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
    const names = Object.keys(objectAt(facts.losses, `steps[${i}].losses`)).filter(isCounted);
    outputs[`losses.step${i + 1}`] = {
      values: [...names.map((name) => ours[ourLossName(name)] ?? Number.NaN), result.loss.dataSync()[0] as number],
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

/**
 * Tensors by parameter: complete ones under the keys of the fixture or, where it stores only those, the first values
 * and sums.
 */
function describeTensors({ fixture, detector }: ModelSetup, kind: 'grad' | `after${number}`, tensors: NamedTensors) {
  const { sums, grad_norms, full_gradients } = fixture.json;
  const outputs: Record<string, Computed> = {};
  const values: Record<string, Float32Array> = {};
  for (const [name, value] of Object.entries(tensors)) {
    const stored = isKernel(detector, name) ? transpose(value, [3, 2, 0, 1]) : value;
    values[name] = stored.dataSync<'float32'>();
    if (sums === undefined || full_gradients === true)
      outputs[`${kind}.${name}`] = { values: values[name], shape: stored.shape };
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
      // A sum that cancels is as exact as its largest terms, and a gradient that is 0 in exact arithmetic is only
      // rounding.
      const unit = Math.max(1, magnitude);
      const absolute = [sumOf(valuesOf(name).map(Math.abs)) / unit, magnitude / unit] as const;
      if (kind !== 'grad') return [absolute];
      return [absolute, [sumOf(valuesOf(name)) / unit, numberAt(facts.grad_sum, 'grad_sum') / unit]];
    });
  return outputs;
}

/** Joins the pairs that each entry gives, our numbers and the stored ones, into one list to compare. */
function compareEach(
  facts: JsonObject,
  pairsOf: (name: string, fact: unknown) => readonly (readonly [ours: number, stored: number])[],
): Computed {
  const pairs = Object.entries(facts).flatMap(([name, fact]) => pairsOf(name, fact));
  return { values: pairs.map(([ours]) => ours), expected: { values: pairs.map(([, stored]) => stored) } };
}

/** Sums in float64. */
const sumOf = (values: Float32Array): number => values.reduce((total, value) => total + value, 0);
