/** Builds a model with deformable attention as a fixture describes it. */
import { overlapEpsilon } from '@dn-detr/boxes';
import { type Backbone, deformableDetr, dino, dnDeformableDetr, tiny } from '@dn-detr/core';
import type { DeformableOptions } from '@dn-detr/core/models';
import { resizeMask } from '@dn-detr/core/models';
import type { DenoisingOptions } from '@dn-detr/dn';
import type { Tensor3D } from '@tensorflow/tfjs-core';
import type { Fixture } from '../fixture.ts';
import { loadTensor } from '../gradients.ts';
import { countAt, countsAt, type JsonObject, numberAt, objectAt } from '../json.ts';
import { convolutionWidths, loadMap, type ModelSetup } from './model-setup.ts';

export function readDeformableSetup(fixture: Fixture): ModelSetup {
  const config = objectAt(fixture.json.config, 'config');
  const count = (field: string): number => countAt(config[field], `config.${field}`);
  const channels = countsAt(config.channels, 'config.channels');
  const backbone = config.conv === true ? convolutions(fixture, channels.length) : givenFeatures(channels);
  const options = {
    backbone,
    numClasses: count('num_classes'),
    queries: count('num_queries'),
    width: count('hidden_dim'),
    heads: count('nheads'),
    feedForward: count('ffn'),
    encoderLayers: count('enc_layers'),
    decoderLayers: count('dec_layers'),
    featureLevels: count('levels'),
    points: count('enc_points'),
    dropout: 0,
  };
  const padding = loadTensor(fixture, '', 'mask') as Tensor3D;
  const levels = channels.map((_, level) => {
    const features = loadMap(fixture, `features.${level}`);
    return { features, padding: resizeMask(padding, [features.shape[1], features.shape[2]]) };
  });
  const family = familyOf(fixture.kind);
  return {
    fixture,
    backbone,
    batch: config.conv === true ? { images: loadMap(fixture, 'image'), padding } : { levels, padding },
    head: 'sigmoid',
    width: options.width,
    ...family(options, config, fixture),
  };
}

type OfFamily = Pick<ModelSetup, 'detector' | 'denoising' | 'epsilon'>;

function familyOf(kind: string): (options: DeformableOptions, config: JsonObject, fixture: Fixture) => OfFamily {
  if (kind.startsWith('model_dino')) return dinoOf;
  return kind.startsWith('model_dn') ? dnOf : plainOf;
}

const plainOf = (options: DeformableOptions, config: JsonObject): OfFamily => ({
  detector: deformableDetr({
    ...options,
    boxRefinement: config.box_refine === true,
    twoStage: config.two_stage === true,
  }),
  denoising: undefined,
  epsilon: 0,
});

function dnOf(options: DeformableOptions, config: JsonObject): OfFamily {
  const boxNoise = numberAt(config.box_noise_scale, 'config.box_noise_scale');
  const denoising: DenoisingOptions = {
    kind: 'dn',
    groups: countAt(config.scalar, 'config.scalar'),
    labelNoise: numberAt(config.label_noise_scale, 'config.label_noise_scale'),
    centerNoise: boxNoise,
    sizeNoise: boxNoise,
    maskPadding: false,
  };
  return { detector: dnDeformableDetr(options), denoising, epsilon: overlapEpsilon };
}

function dinoOf(options: DeformableOptions, config: JsonObject, { json }: Fixture): OfFamily {
  const denoising: DenoisingOptions = {
    kind: 'contrastive',
    groups: countAt(json.groups, 'groups'),
    labelNoise: numberAt(config.label_noise_ratio, 'config.label_noise_ratio') / 2,
    boxNoise: numberAt(config.box_noise_scale, 'config.box_noise_scale'),
    maskPadding: false,
    paddingAsBackground: true,
  };
  const detector = dino({
    ...options,
    shareHeads: config.share_heads === true,
    content: config.embed_init_tgt === true ? 'learned' : 'encoder',
    labelBook: countAt(config.labelbook, 'config.labelbook'),
  });
  return { detector, denoising, epsilon: overlapEpsilon };
}

function convolutions(fixture: Fixture, levels: number): Backbone {
  const widths = convolutionWidths(fixture, /^backbone\.0\.body\.(\d+)\.bias$/);
  return tiny({ channels: widths, norm: 'none', levels, prefix: 'backbone.0.body.' });
}

/** Takes the place of a backbone when a batch consists of features: it has no parameters. */
export const givenFeatures = (channels: readonly number[]): Backbone => ({
  ...tiny({ channels, norm: 'none', levels: channels.length }),
  parameters: [],
});
