/** A model with deformable attention as a fixture describes it. */
import { overlapEpsilon } from '@dn-detr/boxes';
import { type Backbone, deformableDetr, dnDeformableDetr, tiny } from '@dn-detr/core';
import { resizeMask } from '@dn-detr/core/models';
import type { Tensor3D } from '@tensorflow/tfjs-core';
import type { Fixture } from '../fixture.ts';
import { loadTensor } from '../gradients.ts';
import { countAt, countsAt, numberAt, objectAt } from '../json.ts';
import { loadMap, type ModelSetup } from './model-setup.ts';

export function readDeformableSetup(fixture: Fixture): ModelSetup {
  const config = objectAt(fixture.json.config, 'config');
  const count = (field: string): number => countAt(config[field], `config.${field}`);
  const channels = countsAt(config.channels, 'config.channels');
  const backbone = config.conv === true ? convolutions(fixture, channels.length) : givenFeatures(channels);
  const isDn = fixture.kind.startsWith('model_dn');
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
  const boxNoise = isDn ? numberAt(config.box_noise_scale, 'config.box_noise_scale') : 0;
  return {
    fixture,
    backbone,
    detector: isDn
      ? dnDeformableDetr(options)
      : deformableDetr({
          ...options,
          boxRefinement: config.box_refine === true,
          twoStage: config.two_stage === true,
        }),
    batch: config.conv === true ? { images: loadMap(fixture, 'image'), padding } : { levels, padding },
    denoising: isDn
      ? {
          kind: 'dn',
          groups: count('scalar'),
          labelNoise: numberAt(config.label_noise_scale, 'config.label_noise_scale'),
          centerNoise: boxNoise,
          sizeNoise: boxNoise,
          maskPadding: false,
        }
      : undefined,
    head: 'sigmoid',
    epsilon: isDn ? overlapEpsilon : 0,
    width: options.width,
  };
}

function convolutions(fixture: Fixture, levels: number): Backbone {
  const shapes = Object.entries(objectAt(fixture.json.parameter_shapes, 'parameter_shapes'));
  const widths = shapes
    .flatMap(([name, shape]) => {
      const index = /^backbone\.0\.body\.(\d+)\.bias$/.exec(name)?.[1];
      return index === undefined ? [] : [{ index: Number(index), width: countsAt(shape, name)[0] as number }];
    })
    .sort((a, b) => a.index - b.index)
    .map(({ width }) => width);
  return tiny({ channels: widths, norm: 'none', levels, prefix: 'backbone.0.body.' });
}

/** In place of a backbone, where a batch is of features: it has no parameters. */
export const givenFeatures = (channels: readonly number[]): Backbone => ({
  ...tiny({ channels, norm: 'none', levels: channels.length }),
  parameters: [],
});
