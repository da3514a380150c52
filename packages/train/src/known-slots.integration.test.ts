import { adamwInit, adamwScalars, initialParameters, valueAndFlatGrads } from '@dn-detr/core';
import { type DenoisingOptions, prepareKnownQueries, seededNoise } from '@dn-detr/dn';
import { knownInputs } from '@dn-detr/dn/tfjs';
import { hostValue } from '@dn-detr/runtime';
import { expectClose, spread } from '@dn-detr/testing/differentiation';
import { smallBackend, smallConfig } from '@dn-detr/testing/small-run';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import type { DottedValues } from './config/dotted-keys.ts';
import { withKnownSlots } from './known-slots.ts';
import { batchTensors } from './model-batch.ts';
import { buildModel } from './models/model.ts';
import { detectionLoss } from './objective/detection-loss.ts';
import { loadersOf, openRunData } from './run-data.ts';
import { trainingStep } from './step.ts';
import { crowdedImage } from './testing/crowded-image.ts';
import { knownQueriesAt } from './trainer.ts';

let backend: string;
beforeAll(async () => {
  backend = (await smallBackend()).name;
});

/** DINO, with the settings that are taken from the data. */
const dino = { 'model.name': 'dino', 'model.width': 32, 'model.featureLevels': 2, 'model.points': 2 };
const left = { ...dino, 'denoising.groups': null, 'denoising.slotBucket': null, 'denoising.maxKnownQueries': 200 };

/** Slots and groups for images with these numbers of objects. */
function settled(values: DottedValues, ...counts: number[]): { slotBucket?: number; groups?: number } {
  const { denoising } = withKnownSlots(
    smallConfig(values),
    counts.map((count) => crowdedImage(count)),
  );
  return { slotBucket: denoising?.slotBucket as number, groups: denoising?.groups as number };
}

describe('withKnownSlots', () => {
  it.each([
    ['a slot for each object of the fullest image, and as many groups as fit', {}, [4, 9, 0], 9, 11],
    ['twice as many groups for kind dn', { 'denoising.kind': 'dn' }, [4, 9, 0], 9, 22],
    ['one group if the fullest image has more objects than fit', {}, [150], 150, 1],
    ['two slots and the groups that fit for images of one object', {}, [1], 2, 50],
    ['two slots for images without objects', {}, [0, 0], 2, 50],
    ['two slots for no images', {}, [], 2, 50],
    ['the groups that are set, though fewer may fit', { 'denoising.groups': 5 }, [30], 30, 5],
    ['no groups where denoising is off', { 'denoising.groups': 0 }, [9], 9, 0],
    ['the groups that fit into the slots that are set', { 'denoising.slotBucket': 10 }, [3], 10, 10],
    ['the groups that fit if slots are rounded up for the fullest image', { 'denoising.slotBucket': 4 }, [1, 9], 4, 8],
    ['both if both are set', { 'denoising.groups': 3, 'denoising.slotBucket': 4 }, [9], 4, 3],
    ['the groups that are set, without a limit', { 'denoising.groups': 3, 'denoising.maxKnownQueries': 0 }, [9], 9, 3],
  ])('settles %s', (_, values, counts, slotBucket, groups) => {
    expect(settled({ ...left, ...values }, ...counts)).toEqual({ slotBucket, groups });
  });

  it('counts the objects that training uses', () => {
    const { denoising } = withKnownSlots(smallConfig(left), [crowdedImage(3, 5, 7)]);
    expect(denoising?.slotBucket).toBe(3);
  });

  it('leaves models without known queries as they are', () => {
    const config = smallConfig({ 'model.name': 'dab-detr' });
    expect(withKnownSlots(config, [crowdedImage(3)])).toEqual({ ...config, denoising: undefined });
  });

  it('needs a limit if the number of groups is null', () => {
    expect(() => smallConfig({ ...left, 'denoising.maxKnownQueries': 0 })).toThrow(
      'denoising.maxKnownQueries is 0: expected a limit, such as 200, where denoising.groups is null',
    );
  });

  it.each(['contrastive', 'dn'])(
    'captures only one step in an epoch, whatever the number of objects, for kind %s',
    async (kind) => {
      const objects = { 'data.shapes.objects.least': 0, 'data.shapes.objects.most': 5, 'data.shapes.train': 12 };
      const config = smallConfig({
        ...left,
        ...objects,
        'denoising.kind': kind,
        'denoising.maxKnownQueries': 20,
        batchSize: 1,
      });
      const data = await openRunData(config);
      const settings = withKnownSlots(config, data.train);
      const model = buildModel(config, data.dataset.categories.length);
      const optimizer = { groups: model.trained.groups.map(() => ({ learningRate: 1e-3 })) };
      const step = trainingStep({ ...model, ...model.objective, optimizer, clipNorm: 0.1 });
      let state = {
        ...tf.tidy(() => adamwInit(model.trained.flatten(initialParameters(model.detector.parameters, 1)))),
        average: [] as tf.Tensor1D[],
      };
      const loader = loadersOf(config, model.detector.backbone, []).training(data.train);
      const batches = loader.from(0);
      const [counts, known] = [new Set<number>(), new Set<string>()];
      for (let at = 0; at < loader.stepsPerEpoch; at++) {
        const batch = (await batches.next()).value as never as Parameters<typeof batchTensors>[0];
        const queries = knownQueriesAt(batch, model, settings, { step: at, micro: 0 });
        const inputs = queries && knownInputs(queries);
        for (const { labels } of batch.targets) counts.add(labels.length);
        known.add(`${inputs?.labels.shape}`);
        const targets = hostValue({ objects: batch.targets, known: queries?.targets });
        const scalars = tf.tensor1d(adamwScalars(at + 1, optimizer));
        const { state: next, loss } = step({
          state,
          frozen: [],
          batch: batchTensors(batch),
          targets,
          scalars,
          known: inputs,
        });
        expect(Number.isFinite(loss.dataSync()[0])).toBe(true);
        state = next;
      }
      await batches.return(undefined);
      expect([...counts].sort()).toEqual([0, 1, 2, 3, 4, 5]);
      expect([...known]).toEqual(['1,20']);
      if (backend === 'tensorflow') expect(step.stats).toMatchObject({ captures: 1, replays: 11, eager: 0 });
      step.dispose();
    },
  );

  it('gives DINO the same loss and gradient with more slots, unless padding is visible or trained', () => {
    const { detector, objective, trained } = buildModel(smallConfig(left), 3);
    // Heads start with zero weights, which let nothing through, and with a bias that rules out objects.
    const start = trained.flatten(initialParameters(detector.parameters, 1));
    const params = start.map((flat, i) => tf.add<tf.Tensor1D>(flat, tf.mul(spread(flat.shape, i), 0.3)));
    const objects = [3, 1].map((count) => ({
      labels: Int32Array.from({ length: count }, (_, i) => i),
      boxes: Float32Array.from({ length: 4 * count }, (_, i) => 0.3 + 0.1 * Math.sin(i)),
    }));
    const images = spread([2, 64, 64, 3], 5) as tf.Tensor4D;
    const lossOf = detectionLoss({ ...objective, detector });
    const train = (options: DenoisingOptions) => {
      const denoising = { kind: 'contrastive', groups: 2, ...options } as const;
      const fits = { numClasses: 3, matchingQueries: detector.queries };
      const queries = prepareKnownQueries(objects, seededNoise(1), denoising, fits);
      const targets = hostValue({ objects, known: queries.targets });
      const known = knownInputs(queries);
      const { loss, grads } = valueAndFlatGrads(trained, params, (p) => lossOf(p, { images }, targets, known));
      return { known: known?.labels.shape[1], loss: loss.dataSync()[0] as number, grads };
    };
    const [few, many] = [train({ slotBucket: 3 }), train({ slotBucket: 8 })];
    expect([few.known, many.known]).toEqual([12, 32]);
    expect(many.loss).toBeCloseTo(few.loss, 4);
    many.grads.forEach((grad, i) => {
      expectClose(grad, few.grads[i] as tf.Tensor, 1e-4);
    });
    for (const other of [{ paddingAsBackground: true }, { maskPadding: false }]) {
      expect(Math.abs(train({ slotBucket: 8, ...other }).loss - few.loss)).toBeGreaterThan(1e-3);
    }
  });
});
