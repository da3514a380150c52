/** Tests of Deformable DETR and DN-Deformable-DETR as complete models. */
import { useBackend } from '@dn-detr/runtime';
import { expectClose, spread } from '@dn-detr/testing/differentiation';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { tiny } from '../backbone/tiny.ts';
import { initialParameters } from '../nn/init.ts';
import { expectSameAlone } from '../testing/same-alone.ts';
import { type DeformableDetrOptions, deformableDetr } from './deformable-detr.ts';
import type { Detector, KnownInputs } from './detector.ts';
import { dnDeformableDetr } from './dn-deformable-detr.ts';

beforeAll(() => useBackend('cpu'));

const options: DeformableDetrOptions = {
  backbone: tiny({ channels: [4, 6, 8], norm: 'none', levels: 2 }),
  ...{ numClasses: 3, queries: 4, width: 32, heads: 2, feedForward: 24 },
  ...{ encoderLayers: 1, decoderLayers: 2, featureLevels: 3, points: 2 },
};
const models: Record<string, (changes?: Partial<DeformableDetrOptions>) => Detector> = {
  plain: (changes) => deformableDetr({ ...options, ...changes }),
  refined: (changes) => deformableDetr({ ...options, boxRefinement: true, ...changes }),
  'two-stage': (changes) => deformableDetr({ ...options, boxRefinement: true, twoStage: true, ...changes }),
  dn: (changes) => dnDeformableDetr({ ...options, ...changes }),
};
const build = (name: string) => {
  const model = (models[name] as (typeof models)[string])();
  return { model, tensors: initialParameters(model.parameters, 1) };
};
const [batch, slots] = [2, 3];
const images = () => spread([batch, 32, 48, 3], 3) as tf.Tensor4D;
const paddingOfSecond = () =>
  tf.concat([
    tf.zeros([1, 32, 48]),
    tf.pad(
      tf.zeros([1, 24, 32]),
      [
        [0, 0],
        [0, 8],
        [0, 16],
      ],
      1,
    ), // 24 of 32 rows, 32 of 48 columns
  ]) as tf.Tensor3D;

describe.each(Object.keys(models))('deformable, %s', (name) => {
  it('predicts classes and boxes for every query of every layer', () => {
    const { model, tensors } = build(name);
    const { sets, anchors } = model.forward(tensors, { images: images(), padding: paddingOfSecond() });
    const [{ logits, boxes }, encoder] = sets;
    expect([logits.shape, boxes.shape]).toEqual([
      [2, batch, 4, 3],
      [2, batch, 4, 4],
    ]);
    expect(encoder?.logits.shape).toEqual(name === 'two-stage' ? [1, batch, 8 * 12 + 4 * 6 + 2 * 3, 3] : undefined);
    expect(anchors !== undefined).toBe(name === 'dn' || name === 'two-stage');
    expect(Math.min(...boxes.dataSync())).toBeGreaterThan(0);
    expect(Math.max(...boxes.dataSync())).toBeLessThan(1);
  });

  it('predicts the same for an image alone as in a batch', () => {
    const { model, tensors } = build(name);
    expectSameAlone(model, tensors, { images: images(), padding: paddingOfSecond() });
  });

  it('predicts the same with a mask of no padding as without a mask', () => {
    const { model, tensors } = build(name);
    const [without, masked] = [undefined, tf.zeros<tf.Rank.R3>([batch, 32, 48])].map(
      (padding) => model.forward(tensors, { images: images(), padding }).sets[0],
    );
    expectClose(masked?.boxes as tf.Tensor, without?.boxes as tf.Tensor, 1e-5);
    expectClose(masked?.logits as tf.Tensor, without?.logits as tf.Tensor, 1e-5);
  });

  it('leaves no tensor behind', () => {
    const { model, tensors } = build(name);
    const input = { images: images(), padding: paddingOfSecond() };
    const before = tf.memory().numTensors;
    tf.tidy(() => void model.forward(tensors, input));
    expect(tf.memory().numTensors).toBe(before);
  });

  it.each([
    [{ width: 48, heads: 2 }, 'width is 48: expected a multiple of 32'],
    [{ heads: 3 }, 'width is 32 with 3 heads'],
    [{ featureLevels: 1 }, 'featureLevels is 1, but the model takes 2 of the backbone: expected at least as many'],
    [{ points: 0 }, 'points is 0: expected a whole number from 1'],
    [{ dropout: 1 }, 'dropout is 1: expected at least 0 and below 1'],
  ])('cannot be built with %j', (wrong, message) => {
    expect(() => models[name]?.(wrong)).toThrow(message);
  });
});

describe('deformableDetr', () => {
  const known = (): KnownInputs => ({
    labels: tf.tensor2d([0, 1, 2, 2, 1, 0], [batch, slots], 'int32'),
    anchors: spread([batch, slots, 4]) as tf.Tensor3D,
  });

  it('rejects options and inputs that it does not support', () => {
    expect(() => deformableDetr({ ...options, twoStage: true })).toThrow(
      'twoStage needs boxRefinement, which is false',
    );
    const { model, tensors } = build('refined');
    expect(() => model.forward(tensors, { images: images() }, known())).toThrow(
      'deformableDetr takes no known queries: use dnDeformableDetr',
    );
    const many = models['two-stage']?.({ queries: 200 }) as Detector;
    expect(() => many.forward(initialParameters(many.parameters, 1), { images: images() })).toThrow(
      'queries is 200, but an image has 126 tokens to choose them from',
    );
  });

  it('starts with layers and heads that are copies, except for the matrices of layers', () => {
    const { tensors } = build('refined');
    const equal = (a: string, b: string): boolean => `${tensors[a]?.dataSync()}` === `${tensors[b]?.dataSync()}`;
    const decoder = 'transformer.decoder';
    expect(equal(`${decoder}.layers.0.linear1.bias`, `${decoder}.layers.1.linear1.bias`)).toBe(true);
    expect(equal(`${decoder}.layers.0.linear1.weight`, `${decoder}.layers.1.linear1.weight`)).toBe(false);
    expect(equal(`${decoder}.bbox_embed.0.layers.0.weight`, `${decoder}.bbox_embed.1.layers.0.weight`)).toBe(true);
    expect(equal('class_embed.0.weight', 'class_embed.1.weight')).toBe(true);
  });

  it('is DAB-Deformable-DETR if dnDeformableDetr has no known queries', () => {
    const { model, tensors } = build('dn');
    const blocked = tf.tensor2d(
      Array.from({ length: 49 }, (_, i) => Number(i % 7 < slots && Math.floor(i / 7) >= slots)),
      [7, 7],
    );
    const [without, beside] = [undefined, { ...known(), groupMask: blocked }].map(
      (inputs) => model.forward(tensors, { images: images() }, inputs).sets[0],
    );
    expect([without?.known, beside?.known]).toEqual([0, slots]);
    expectClose(tf.slice(beside?.boxes as tf.Tensor, [0, 0, slots]), without?.boxes as tf.Tensor, 1e-5);
  });
});
