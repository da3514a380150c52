import { useBackend } from '@dn-detr/runtime';
import { expectClose, spread } from '@dn-detr/testing/differentiation';
import { batch, groupedKnownInputs, Q, T } from '@dn-detr/testing/known-inputs';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { tiny } from '../backbone/tiny.ts';
import { initialParameters } from '../nn/init.ts';
import { dabDetr, dnDetr } from './dab-detr.ts';
import { deformableDetr } from './deformable-detr.ts';
import type { Detector, DetectorOptions, SingleLevelOptions } from './detector.ts';
import { detr, dnDetrVanilla } from './detr.ts';
import { dnDeformableDetr } from './dn-deformable-detr.ts';

beforeAll(() => useBackend('cpu'));

const options: SingleLevelOptions = {
  backbone: tiny({ channels: [8, 16] }),
  numClasses: 3,
  queries: Q,
  width: 16,
  heads: 2,
  feedForward: 24,
  encoderLayers: 1,
  decoderLayers: 2,
};
const models: Record<string, (options: SingleLevelOptions) => Detector> = { detr, dnDetrVanilla, dabDetr, dnDetr };
const deformable = { width: 32, featureLevels: 2, points: 2 };
/** All models, including those that take several levels of features and need a width of at least 32. */
const allModels: Record<string, (options: DetectorOptions) => Detector> = {
  ...models,
  deformableDetr: (options) => deformableDetr({ ...options, ...deformable }),
  'deformableDetr, refined': (options) => deformableDetr({ ...options, ...deformable, boxRefinement: true }),
  'deformableDetr, two-stage': (options) =>
    deformableDetr({ ...options, ...deformable, boxRefinement: true, twoStage: true }),
  dnDeformableDetr: (options) => dnDeformableDetr({ ...options, ...deformable }),
};

const build = (name: string, seed = 1) => {
  const model = (allModels[name] as (options: DetectorOptions) => Detector)(options);
  return { model, tensors: initialParameters(model.parameters, seed) };
};
const images = (count = batch, seed = 3) => spread([count, 16, 24, 3], seed) as tf.Tensor4D;

describe.each(Object.keys(allModels))('%s', (name) => {
  it('predicts classes and boxes for every query of every layer', () => {
    const { model, tensors } = build(name);
    const { logits, boxes, known } = model.forward(tensors, { images: images() }).sets[0];
    expect(known).toBe(0);
    const outputs = options.numClasses + (name === 'detr' || name === 'dnDetrVanilla' ? 1 : 0);
    expect(logits.shape).toEqual([2, batch, options.queries, outputs]);
    expect(boxes.shape).toEqual([2, batch, options.queries, 4]);
    expect(Math.min(...boxes.dataSync())).toBeGreaterThan(0);
    expect(Math.max(...boxes.dataSync())).toBeLessThan(1);
  });

  it('predicts the same for an image alone as in a batch', () => {
    const { model, tensors } = build(name);
    const [first] = tf.split(images(), 2) as [tf.Tensor4D, tf.Tensor4D];
    const [alone] = model.forward(tensors, { images: first }).sets;
    const [together] = model.forward(tensors, { images: images() }).sets;
    expectClose(tf.slice(together.boxes, [0, 0], [2, 1]), alone.boxes, 1e-5);
  });

  it('leaves no tensor behind', () => {
    const { model, tensors } = build(name);
    const input = images();
    const before = tf.memory().numTensors;
    tf.dispose(tf.tidy(() => model.forward(tensors, { images: input })));
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe.each(Object.keys(models))('%s', (name) => {
  it('does not change by a single bit with the content of the padding', () => {
    const { model, tensors } = build(name);
    const features = spread([batch, 4, 6, 16]) as tf.Tensor4D;
    // The second image is two features less high.
    const padding = tf.concat([
      tf.zeros([1, 4, 6]),
      tf.pad(
        tf.zeros([1, 2, 6]),
        [
          [0, 0],
          [0, 2],
          [0, 0],
        ],
        1,
      ),
    ]);
    const disturbed = tf.add<tf.Tensor4D>(features, tf.mul(tf.expandDims(padding, 3), 100));
    const [before, after] = [features, disturbed].map((x) =>
      model
        .forwardFeatures(tensors, { levels: [{ features: x, padding: padding as tf.Tensor3D }] })
        .sets[0].boxes.dataSync(),
    );
    expect(after).toEqual(before);
  });
});

describe('models', () => {
  it('without denoising reject known queries', () => {
    for (const name of ['detr', 'dabDetr', 'deformableDetr']) {
      const { model, tensors } = build(name);
      expect(() => model.forward(tensors, { images: images() }, groupedKnownInputs())).toThrow(
        /takes no known queries/,
      );
    }
  });

  it('start shared parameters from the same values', () => {
    const [plain, denoised] = [build('dabDetr').tensors, build('dnDetr').tensors];
    expect(Object.keys(denoised)).toEqual([...Object.keys(plain), 'label_enc.weight']);
    for (const [name, value] of Object.entries(plain)) {
      expect(denoised[name]?.dataSync(), name).toEqual(value.dataSync());
    }
    const other = build('dabDetr', 2).tensors;
    expect(other['refpoint_embed.weight']?.dataSync()).not.toEqual(plain['refpoint_embed.weight']?.dataSync());
  });

  it.each([
    [{ width: 18 }, 'width is 18 with 2 heads: expected a multiple of 4 and of the heads'],
    [{ heads: 3 }, 'width is 16 with 3 heads'],
    [{ queries: -1 }, 'queries is -1: expected a whole number from 1'],
    [{ decoderLayers: 0 }, 'decoderLayers is 0'],
    [{ dropout: 1.5 }, 'dropout is 1.5: expected at least 0 and below 1'],
  ])('cannot be built with %j', (wrong, message) => {
    for (const build of Object.values(models)) expect(() => build({ ...options, ...wrong })).toThrow(message);
  });

  it('take one level of features, and only the part of the backbone that leads to it', () => {
    const backbone = tiny({ channels: [8, 16, 24], levels: 2 });
    const names = ({ parameters }: Detector) => parameters.map(({ name }) => name);
    for (const [name, build] of Object.entries(models)) {
      const cut = build({ ...options, backbone, level: 4 });
      expect(names(cut)).toEqual(names(build({ ...options, backbone: tiny({ channels: [8, 16] }) })));
      const last = build({ ...options, backbone: tiny({ channels: [8, 16, 24] }) });
      expect(names(build({ ...options, backbone }))).toEqual(names(last));
      const message = 'level is 2: expected a stride that the backbone has features at (4, 8)';
      expect(() => build({ ...options, backbone, level: 2 })).toThrow(message);
      const levels = [16, 24].map((channels) => ({ features: tf.zeros<tf.Rank.R4>([batch, 2, 2, channels]) }));
      expect(() => cut.forwardFeatures({}, { levels })).toThrow(`got features of 2 levels: ${name} takes exactly one`);
    }
  });

  it('predict from the given level', () => {
    const { model, tensors } = build('dnDetr');
    const whole = dnDetr({ ...options, backbone: tiny({ channels: [8, 16, 24], levels: 2 }), level: 4 });
    const [expected, predicted] = [model, whole].map(({ forward }) => forward(tensors, { images: images() }).sets[0]);
    expect(predicted?.boxes.dataSync()).toEqual(expected?.boxes.dataSync());
  });

  it('with deformable attention name the levels and tokens that they need', () => {
    const backbone = tiny({ channels: [8, 16], levels: 2 });
    expect(() => dnDeformableDetr({ ...options, ...deformable, backbone, featureLevels: 1 })).toThrow(
      'featureLevels is 1, but the model takes 2 of the backbone: expected at least as many',
    );
    const sizes = { ...options, ...deformable, boxRefinement: true, twoStage: true, queries: 31 };
    const model = deformableDetr(sizes);
    // 4×6 tokens, and 2×3 on the added level.
    expect(() => model.forward(initialParameters(model.parameters, 1), { images: images() })).toThrow(
      'queries is 31, but an image has 30 tokens to choose them from',
    );
  });

  it('reject the padding of other images', () => {
    const { model, tensors } = build('dnDetr');
    const padding = tf.zeros<tf.Rank.R3>([batch, 8, 8]);
    expect(() => model.forward(tensors, { images: images(), padding })).toThrow(
      'the padding is [2,8,8], expected [2,16,24] like the images [2,16,24,3]',
    );
  });

  it('repeat their queries for every pattern', () => {
    const model = dabDetr({ ...options, patterns: 3 });
    const [{ logits }] = model.forward(initialParameters(model.parameters, 1), { images: images() }).sets;
    expect([model.queries, logits.shape[2]]).toEqual([12, 12]);
  });

  it('show the attention of every layer', () => {
    const { model, tensors } = build('dnDetr');
    const maps = new Map<string, number[]>();
    model.forward(tensors, { images: images() }, groupedKnownInputs(), {
      observe: (at, weights) => maps.set(at, weights.shape),
    });
    expect(maps.get('transformer.decoder.layers.1.self_attn')).toEqual([batch, 2, T, T]);
    expect(maps.get('transformer.decoder.layers.1.cross_attn')).toEqual([batch, 2, T, 24]);
    expect(maps.size).toBe(5);
  });
});
