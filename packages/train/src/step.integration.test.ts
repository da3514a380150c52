import type { Objects } from '@dn-detr/boxes';
import {
  adamwInit,
  adamwScalars,
  criterionPresets,
  dnDetr,
  initialParameters,
  ParameterLayout,
  splitFrozen,
  tiny,
  valueAndFlatGrads,
} from '@dn-detr/core';
import { knownCounts } from '@dn-detr/core/loss';
import { accumulate } from '@dn-detr/core/optim';
import { type DenoisingOptions, prepareKnownQueries, seededNoise } from '@dn-detr/dn';
import { knownInputs } from '@dn-detr/dn/tfjs';
import { matchingCosts } from '@dn-detr/matcher';
import { hostValue, readHostValue, useBackend } from '@dn-detr/runtime';
import { expectClose, spread } from '@dn-detr/testing/differentiation';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { type BatchTargets, detectionLoss } from './objective/detection-loss.ts';
import { trainingStep } from './step.ts';

let backend: string;
beforeAll(async () => {
  backend = (await useBackend()).name;
});

const optimizer = { groups: [{ learningRate: 1e-3 }, { learningRate: 1e-3 }] };
const size = 16;

function build() {
  const detector = dnDetr({
    backbone: tiny({ channels: [8, 16] }),
    numClasses: 3,
    queries: 6,
    width: 16,
    heads: 2,
    feedForward: 24,
    encoderLayers: 1,
    decoderLayers: 2,
  });
  const { trained, frozen } = splitFrozen(detector.parameters);
  const layouts = { trained: new ParameterLayout(trained), frozen: new ParameterLayout(frozen) };
  const params = tf.tidy(() => layouts.trained.flatten(initialParameters(trained, 1)));
  return { detector, ...layouts, params };
}

/** Targets that differ from step to step, with `counts` objects in each image. */
const objectsOf = (counts: readonly number[], seed: number): Objects[] =>
  counts.map((count, image) => ({
    labels: Int32Array.from({ length: count }, (_, i) => (i + seed + image) % 3),
    boxes: Float32Array.from(
      { length: 4 * count },
      (_, i) => 0.2 + 0.1 * Math.sin(seed + image + i) ** 2 + 0.3 * (i % 2),
    ),
  }));

const queriesOf = (objects: readonly Objects[], seed: number, denoising: DenoisingOptions = {}) =>
  prepareKnownQueries(objects, seededNoise(seed), { ...denoising, groups: 2 }, { numClasses: 3, matchingQueries: 6 });

const images = (count: number): tf.Tensor4D => spread([count, size, size, 3], 5) as tf.Tensor4D;
const options = { head: 'sigmoid', terms: criterionPresets.dnDetr, matching: matchingCosts.dnDetr } as const;

describe('a training step', () => {
  it.each([
    ['dn', 300],
    ['contrastive', 150],
  ] as const)(
    'with %s denoising learns, and leaks no tensor in %i steps with changing numbers of objects',
    (kind, steps) => {
      const { detector, params, ...layouts } = build();
      const step = trainingStep({ ...options, ...layouts, detector, optimizer, clipNorm: 0.1 });
      let state = { ...adamwInit(params), average: [] as tf.Tensor1D[] };
      const batch = { images: images(2) };
      const losses: number[] = [];
      let before: number | undefined;
      for (let count = 1; count <= steps; count++) {
        // None, one or up to four objects. There are few shapes, because slots are rounded up to 2.
        const objects = objectsOf([count % 5, (count >> 2) % 4], count % 7);
        const queries = queriesOf(objects, count, { kind, slotBucket: 2 });
        const targets = hostValue({ objects, known: queries.targets });
        const fed = { scalars: tf.tensor1d(adamwScalars(count, optimizer)), known: knownInputs(queries) };
        const { state: next, ...outputs } = step({ state, frozen: [], batch, targets, ...fed });
        losses.push(outputs.loss.dataSync()[0] as number);
        // Every layer matches each object of this step once.
        for (const { layers, known, total, boxWeights } of readHostValue(outputs.matched)) {
          const matched = boxWeights.filter((weight, i) => weight > 0 && i % total >= known);
          expect(matched).toHaveLength(layers * objects.reduce((sum, { labels }) => sum + labels.length, 0));
        }
        tf.dispose([state, outputs, fed.scalars, fed.known ?? []]);
        state = next;
        // The first steps of each shape are captured.
        if (count === 50) before = tf.memory().numTensors;
      }
      expect(tf.memory().numTensors).toBe(before);
      const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
      expect(mean(losses.slice(-steps / 6))).toBeLessThan(0.6 * mean(losses.slice(0, steps / 6)));
      expect(losses.every(Number.isFinite)).toBe(true);
      if (backend === 'tensorflow') expect(step.stats).toMatchObject({ captures: 2, replays: steps - 2, eager: 0 });
      step.dispose();
      tf.dispose([state, batch.images]);
    },
  );

  it('gives the same bits in 30 replays', () => {
    const { detector, params, ...layouts } = build();
    const step = trainingStep({ ...options, ...layouts, detector, optimizer, clipNorm: 0.1 });
    const state = { ...adamwInit(params), average: [] as tf.Tensor1D[] };
    const batch = { images: images(2) };
    const objects = objectsOf([3, 1], 4);
    const queries = queriesOf(objects, 8);
    const targets = hostValue({ objects, known: queries.targets });
    const fed = { scalars: tf.tensor1d(adamwScalars(1, optimizer)), known: knownInputs(queries) };
    const bits = (): string => {
      const { state: next, ...outputs } = step({ state, frozen: [], batch, targets, ...fed });
      const all = [outputs.loss, ...next.params, ...next.m, ...next.v];
      const text = all.map((tensor) => Buffer.from(tensor.dataSync().slice().buffer).toString('base64')).join(' ');
      tf.dispose([next, outputs]);
      return text;
    };
    // The first call ran op by op, which may round differently.
    bits();
    const expected = bits();
    for (let replay = 1; replay < 30; replay++) expect(bits()).toBe(expected);
    step.dispose();
    tf.dispose([state, batch.images, fed.scalars, fed.known ?? []]);
  });

  it('in two micro-batches equals one batch, including known queries', () => {
    const { detector, trained, params } = build();
    const objects = objectsOf([3, 1, 0, 2], 4);
    const whole = images(4);
    const gradients = (batch: tf.Tensor4D, targets: BatchTargets, queries: ReturnType<typeof queriesOf>) => {
      const lossOf = detectionLoss({ ...options, detector });
      const { loss, grads } = valueAndFlatGrads(trained, params, (p) =>
        lossOf(p, { images: batch }, hostValue(targets), knownInputs(queries)),
      );
      return { loss: loss.dataSync()[0] as number, grads };
    };
    const all = queriesOf(objects, 8);
    const expected = gradients(whole, { objects, known: all.targets }, all);

    const [first, second] = tf.split(whole, 2) as [tf.Tensor4D, tf.Tensor4D];
    const halves = [objects.slice(0, 2), objects.slice(2)].map((part, half) => sliceQueries(all, part, half));
    const wholeStep = {
      objectsPerImage: objects.map(({ labels }) => labels.length),
      known: knownCounts(halves.map(({ queries }) => queries.targets)),
    };
    const parts = halves.map(({ part, queries }, half) =>
      gradients(half === 0 ? first : second, { objects: part, known: queries.targets, whole: wholeStep }, queries),
    );
    expect(parts.reduce((sum, { loss }) => sum + loss, 0)).toBeCloseTo(expected.loss, 4);
    const [a, b] = parts as [(typeof parts)[0], (typeof parts)[0]];
    accumulate(a.grads, b.grads).forEach((grad, i) => {
      expectClose(grad, expected.grads[i] as tf.Tensor, 2e-5);
    });
  });
});

/** The known queries of one half of a batch, as they are in the full batch. */
function sliceQueries(all: ReturnType<typeof queriesOf>, part: Objects[], half: number) {
  const { layout } = all;
  const cut = <T extends Float32Array | Int32Array | Uint8Array>(values: T): T => {
    const length = values.length / 2;
    return values.slice(half * length, (half + 1) * length) as T;
  };
  const targets = {
    classes: cut(all.targets.classes),
    boxes: cut(all.targets.boxes),
    classWeights: cut(all.targets.classWeights),
    boxWeights: cut(all.targets.boxWeights),
    normalizer: cut(all.targets.boxWeights).reduce((sum, weight) => sum + weight, 0),
  };
  const queries = {
    ...all,
    layout: { ...layout, batch: layout.batch / 2 },
    labels: cut(all.labels),
    boxes: cut(all.boxes),
    valid: cut(all.valid),
    keyPadding: all.keyPadding && cut(all.keyPadding),
    targets,
  };
  return { part, queries };
}
