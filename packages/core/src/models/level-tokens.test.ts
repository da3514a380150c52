import { useBackend } from '@dn-detr/runtime';
import { expectClose, spread } from '@dn-detr/testing/differentiation';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { resizeMask } from '../backbone/backbone.ts';
import { initialParameters } from '../nn/init.ts';
import type { FeatureMap } from './detector.ts';
import { levelTokens } from './level-tokens.ts';

beforeAll(() => useBackend('cpu'));

const width = 32;
const backbone = [
  { channels: 5, stride: 8 },
  { channels: 7, stride: 16 },
];
const module = (levels = 4) => levelTokens(backbone, { width, levels });
const mapsOf = (batch: number): FeatureMap[] => [
  { features: spread([batch, 6, 8, 5], 1) as tf.Tensor4D },
  { features: spread([batch, 3, 4, 7], 2) as tf.Tensor4D },
];

describe('levelTokens', () => {
  it('adds levels by strided convolutions of the last features, and then of the previous level', () => {
    const { parameters, apply } = module();
    const shapes = Object.fromEntries(parameters.map(({ name, shape }) => [name, shape]));
    expect(shapes).toMatchObject({
      'input_proj.0.0.weight': [1, 1, 5, width],
      'input_proj.1.0.weight': [1, 1, 7, width],
      'input_proj.2.0.weight': [3, 3, 7, width],
      'input_proj.3.0.weight': [3, 3, width, width],
      'transformer.level_embed': [4, width],
    });
    const { sizes, features, positions, padding, validSizes } = apply(initialParameters(parameters, 1), {
      levels: mapsOf(2),
    });
    expect(sizes.map(({ height, width }) => [height, width])).toEqual([
      [6, 8],
      [3, 4],
      [2, 2],
      [1, 1],
    ]);
    expect([features.shape, positions.shape]).toEqual([
      [2 * 65, width],
      [2 * 65, width],
    ]);
    expect([padding, validSizes]).toEqual([undefined, undefined]);
  });

  it('keeps images separate, and the levels of each in order', () => {
    const { parameters, apply } = module(2);
    const tensors = initialParameters(parameters, 1);
    const levels = mapsOf(2);
    const both = tf.reshape(apply(tensors, { levels }).features, [2, 60, width]);
    const second = levels.map(({ features }) => ({ features: tf.slice(features, [1], [1]) }));
    expectClose(
      tf.slice(both, [1], [1]),
      tf.reshape(apply(tensors, { levels: second }).features, [1, 60, width]),
      1e-5,
    );
    // Without the first level its tokens are gone, and those of the next level are unchanged.
    const [, coarse] = backbone as [unknown, { channels: number; stride: number }];
    const alone = levelTokens([coarse], { width, levels: 1 });
    const renamed = Object.fromEntries(
      alone.parameters.map(({ name }) => [name, tensors[name.replace('input_proj.0', 'input_proj.1')] as tf.Tensor]),
    );
    const tokens = alone.apply(renamed, { levels: levels.slice(1) });
    expectClose(tf.slice(both, [0, 48]), tf.reshape(tokens.features, [2, 12, width]), 1e-5);
  });

  it('places tokens in the image without its padding, and marks their level', () => {
    const { parameters, apply } = module(3);
    const tensors = initialParameters(parameters, 1);
    const [fine, coarse] = mapsOf(1) as [FeatureMap, FeatureMap];
    const alone = apply(tensors, { levels: [fine, coarse] });
    // The batch is twice as high and wide, so the image fills a quarter of it.
    const pads: [number, number][] = [
      [0, 0],
      [0, 48],
      [0, 64],
    ];
    const padding = tf.pad(tf.zeros<tf.Rank.R3>([1, 48, 64]), pads, 1);
    const grown = [fine, coarse].map(({ features }) => {
      const [, h, w] = features.shape;
      const padded = tf.pad(features, [
        [0, 0],
        [0, h],
        [0, w],
        [0, 0],
      ]);
      return { features: padded, padding: resizeMask(padding, [2 * h, 2 * w]) };
    });
    const within = apply(tensors, { levels: grown, padding });
    expect(within.validSizes?.arraySync()).toEqual([
      [
        [8, 6],
        [4, 3],
        [2, 2],
      ],
    ]);
    const seen = [...(within.padding as tf.Tensor2D).dataSync()].flatMap((isPadded, i) => (isPadded ? [] : [i]));
    expect(seen).toHaveLength(64);
    expectClose(tf.gather(within.positions, tf.tensor1d(seen, 'int32')), alone.positions, 1e-4);
    const embedding = tf.tensor2d([...Array(3 * width).keys()], [3, width]);
    const named = apply({ ...tensors, 'transformer.level_embed': embedding }, { levels: [fine, coarse] });
    const old = tensors['transformer.level_embed'] as tf.Tensor;
    const change = tf.sub(tf.slice(embedding, [1], [1]), tf.slice(old, [1], [1]));
    expectClose(tf.slice(tf.sub(named.positions, alone.positions), [48], [1]), change, 1e-4);
  });

  it('rejects options without a model and batches that do not fit it', () => {
    expect(() => levelTokens(backbone, { width: 48, levels: 4 })).toThrow('width is 48: expected a multiple of 32');
    expect(() => module(1)).toThrow(
      'featureLevels is 1, but the model takes 2 of the backbone: expected at least as many',
    );
    const { parameters, apply } = module();
    const tensors = initialParameters(parameters, 1);
    const [fine, coarse] = mapsOf(1) as [FeatureMap, FeatureMap];
    expect(() => apply(tensors, { levels: [fine] })).toThrow('the batch has 1 levels of features: expected 2');
    const padding = tf.zeros<tf.Rank.R3>([1, 6, 8]);
    expect(() => apply(tensors, { levels: [{ ...fine, padding }, coarse] })).toThrow(
      'padding must be given for the batch and every one of its levels, or for none of them',
    );
  });

  it('leaves no tensor behind', () => {
    const { parameters, apply } = module();
    const tensors = initialParameters(parameters, 1);
    const levels = mapsOf(2);
    const before = tf.memory().numTensors;
    tf.tidy(() => void apply(tensors, { levels }));
    expect(tf.memory().numTensors).toBe(before);
  });
});
