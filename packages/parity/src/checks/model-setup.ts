/** A model as a fixture describes it: its sizes, parameters, batch and known queries. */
import { overlapEpsilon } from '@dn-detr/boxes';
import {
  type Backbone,
  type Detector,
  detr,
  dnDetr,
  type ImageBatch,
  imageNet,
  type NamedTensors,
  tiny,
} from '@dn-detr/core';
import type { FeatureBatch, TransformerOutput } from '@dn-detr/core/models';
import { type DenoisingOptions, type KnownQueries, prepareKnownQueries } from '@dn-detr/dn';
import type { Objective } from '@dn-detr/train';
import { type Tensor3D, type Tensor4D, tensor, transpose } from '@tensorflow/tfjs-core';
import type { Fixture } from '../fixture.ts';
import { formulaWeight, waveOf, weightKind } from '../formula.ts';
import { loadTensor, loadTensors } from '../gradients.ts';
import { countAt, countsAt, numberAt, objectAt, stringAt } from '../json.ts';
import { activationOf } from './activation.ts';
import { drawsOf, targetsOf } from './known-queries.ts';

/** A model, and everything that is read from a fixture before anything is computed. */
export interface ModelSetup {
  readonly fixture: Fixture;
  readonly detector: Detector<TransformerOutput>;
  readonly backbone: Backbone;
  readonly batch: ImageBatch | FeatureBatch;
  /** Undefined for models without known queries. */
  readonly denoising: DenoisingOptions | undefined;
  readonly head: Objective['head'];
  /** The epsilon of GIoU, in losses and costs. */
  readonly epsilon: number;
  readonly width: number;
}

export function readModelSetup(fixture: Fixture): ModelSetup {
  const config = objectAt(fixture.json.config, 'config');
  const count = (field: string): number => countAt(config[field], `config.${field}`);
  const channels = count('feature_channels');
  const backbone: Backbone =
    config.conv === true
      ? tiny({ channels: convolutionWidths(fixture, /^backbone\.body\.(\d+)\.bias$/), norm: 'none' })
      : {
          parameters: [],
          levels: [{ channels, stride: 1 }],
          normalization: imageNet,
          forward: (_, images) => [images],
        };
  const options = {
    backbone,
    numClasses: count('num_classes'),
    queries: count('num_queries'),
    width: count('hidden_dim'),
    heads: count('nheads'),
    feedForward: count('ffn'),
    encoderLayers: count('enc_layers'),
    decoderLayers: count('dec_layers'),
    dropout: 0,
  };
  const isDn = fixture.kind.startsWith('model_dn');
  const activation = activationOf(config.activation);
  const padding = loadTensor(fixture, '', 'mask') as Tensor3D;
  const boxNoise = isDn ? numberAt(config.box_noise_scale, 'config.box_noise_scale') : 0;
  return {
    fixture,
    backbone,
    detector: isDn ? dnDetr({ ...options, activation, patterns: count('num_patterns') }) : detr(options),
    batch:
      config.conv === true
        ? { images: loadMap(fixture, 'image'), padding }
        : { levels: [{ features: loadMap(fixture, 'features'), padding }] },
    denoising: isDn
      ? {
          groups: count('scalar'),
          labelNoise: numberAt(config.label_noise_scale, 'config.label_noise_scale'),
          centerNoise: boxNoise,
          sizeNoise: boxNoise,
          maskPadding: false,
        }
      : undefined,
    head: isDn ? 'sigmoid' : 'softmax',
    epsilon: isDn ? overlapEpsilon : 0,
    width: options.width,
  };
}

/** Loads a map `[B, C, h, w]` as `[B, h, w, C]`. */
export function loadMap(fixture: Fixture, key: string): Tensor4D {
  return transpose(loadTensor(fixture, '', key) as Tensor4D, [0, 2, 3, 1]);
}

/** Parameters by name, with kernels in our order of axes. */
export function loadParameters({ fixture, detector }: ModelSetup): NamedTensors {
  const stored = fixture.json.wave === undefined ? loadTensors(fixture, '', 'w.') : formulaParameters(fixture);
  return Object.fromEntries(
    Object.entries(stored).map(([name, value]) => [
      name,
      isKernel(detector, name) ? transpose(value, [2, 3, 1, 0]) : value,
    ]),
  );
}

function formulaParameters({ json }: Fixture): NamedTensors {
  const wave = waveOf(stringAt(json.wave, 'wave'), 'wave');
  // `kinds` lists a shared head under both of its names, `parameter_shapes` only once.
  const kinds = objectAt(json.kinds, 'kinds');
  const entries = Object.entries(objectAt(json.parameter_shapes, 'parameter_shapes')).map(([name, axes]) => {
    const shape = countsAt(axes, `parameter_shapes.${name}`);
    const kind = weightKind(stringAt(kinds[name], `kinds.${name}`), name);
    return [name, tensor(formulaWeight({ name, shape, kind, wave }), shape)];
  });
  return Object.fromEntries(entries);
}

export const isKernel = (detector: Detector, name: string): boolean =>
  detector.parameters.some((parameter) => parameter.name === name && parameter.kernel === true);

/** The known queries of a step, prepared with the draws that the reference made in that step. */
export function knownOf({ fixture, detector, denoising }: ModelSetup, step: number): KnownQueries | undefined {
  if (denoising === undefined) return undefined;
  const boxDraws = denoising.kind === 'contrastive' ? ['box_sign', 'box_part'] : ['box_rand'];
  const draws = drawsOf(
    fixture,
    '',
    ['label_p', 'new_label', ...boxDraws].map((draw) => `s${step}.${draw}`),
  );
  const fits = { numClasses: detector.numClasses, matchingQueries: detector.queries };
  return prepareKnownQueries(targetsOf(fixture, ''), draws, denoising, fits);
}

/**
 * The channels of a fixture's convolutions, in the order of their numbers.
 *
 * @param bias matches the names of their biases, with the number as its first group
 */
export const convolutionWidths = (fixture: Fixture, bias: RegExp): number[] =>
  Object.entries(objectAt(fixture.json.parameter_shapes, 'parameter_shapes'))
    .flatMap(([name, shape]) => {
      const index = bias.exec(name)?.[1];
      return index === undefined ? [] : [{ index: Number(index), width: countsAt(shape, name)[0] as number }];
    })
    .sort((a, b) => a.index - b.index)
    .map(({ width }) => width);
