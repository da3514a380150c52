import type { TrainingBatch } from '@dn-detr/data';
import { smallBackend, smallConfig } from '@dn-detr/testing/small-run';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import type { DottedValues } from './config/dotted-keys.ts';
import { withKnownSlots } from './known-slots.ts';
import { buildModel } from './models/model.ts';
import { loadersOf, openRunData } from './run-data.ts';
import { dropoutSeed, Trainer } from './trainer.ts';

beforeAll(() => smallBackend());

/** A trainer of DETR with these settings, and the first batch of its run. */
async function started(values: DottedValues = {}) {
  const config = smallConfig({ 'model.name': 'detr', ...values });
  const data = await openRunData(config);
  const model = buildModel(config, data.dataset.categories.length);
  const incoming = loadersOf(config, model.detector.backbone, []).training(data.train).from(0);
  const batch = (await incoming.next()).value as TrainingBatch;
  await incoming.return(undefined);
  return { trainer: new Trainer(model, withKnownSlots(config, data.train)), batch };
}

/** Values of parameters by name; disposes the parameters. */
function numbersOf(parameters: Readonly<Record<string, tf.Tensor>>): Record<string, number[]> {
  const numbers = Object.entries(parameters).map(([name, tensor]) => [name, [...tensor.dataSync()]]);
  tf.dispose(parameters);
  return Object.fromEntries(numbers);
}

const close = (numbers: readonly number[] | undefined, digits: number) =>
  numbers?.map((value) => expect.closeTo(value, digits));

/** Images `from` to `to` of a batch, as a separate batch. */
function part({ images, padding, targets, sources, views, ...rest }: TrainingBatch, from: number, to: number) {
  const pixels = images.length / targets.length;
  return {
    ...rest,
    images: images.slice(from * pixels, to * pixels),
    padding: padding?.slice((from * pixels) / 3, (to * pixels) / 3),
    targets: targets.slice(from, to),
    sources: sources.slice(from, to),
    views: views.slice(from, to),
  };
}

it('a step of two micro-batches equals one with all their images, and is logged like it', async () => {
  const [small, large] = [await started(), await started()];
  const { batch } = large;
  const parts = small.trainer.step([part(batch, 0, 2), part(batch, 2, 4)], 0, 0.5);
  const whole = large.trainer.step([batch], 0, 0.5);
  expect(parts.loss).toBeCloseTo(whole.loss, 4);
  expect(parts.gradNorm).toBeCloseTo(whole.gradNorm, 4);
  expect([parts.learningRate, whole.learningRate]).toEqual([5e-4, 5e-4]);
  // Errors are a mean over the micro-batches; for cardinality that is the mean over the images.
  const logged = (record: typeof parts) =>
    Object.fromEntries(record.terms.flatMap(({ name, value }) => (name === 'class_error' ? [] : [[name, value]])));
  const expected = logged(whole);
  expect(Object.keys(expected)).toEqual(expect.arrayContaining(['loss_ce', 'loss_bbox_0', 'cardinality_error']));
  expect(logged(parts)).toEqual(
    Object.fromEntries(Object.entries(expected).map(([name, value]) => [name, expect.closeTo(value, 4)])),
  );
  const [after, afterWhole] = [small, large].map(({ trainer }) => numbersOf(trainer.parameters()));
  expect(after?.['class_embed.bias']).toEqual(close(afterWhole?.['class_embed.bias'], 5));
  for (const { trainer } of [small, large]) trainer.dispose();
});

it('changes no parameter at a factor of 0, but does at another one', async () => {
  const { trainer, batch } = await started();
  const start = numbersOf(trainer.parameters());
  trainer.step([batch], 0, 0);
  expect(numbersOf(trainer.parameters())).toEqual(start);
  trainer.step([batch], 1, 1);
  expect(numbersOf(trainer.parameters())['class_embed.bias']).not.toEqual(start['class_embed.bias']);
  trainer.dispose();
});

it('evaluates with the moving average of its weights', async () => {
  const { trainer, batch } = await started({ 'optimizer.ema': 0.75 });
  const name = 'class_embed.bias';
  const start = numbersOf(trainer.parameters('trained'))[name] as number[];
  expect(numbersOf(trainer.parameters())[name]).toEqual(start);
  trainer.step([batch], 0, 1);
  const trained = numbersOf(trainer.parameters('trained'))[name] as number[];
  expect(trained).not.toEqual(start);
  const mean = trained.map((value, i) => 0.75 * (start[i] as number) + 0.25 * value);
  expect(numbersOf(trainer.parameters('evaluated'))[name]).toEqual(close(mean, 6));
  trainer.dispose();
});

it('is sound as long as all weights are finite, and leaks no tensor', async () => {
  const before = tf.memory().numTensors;
  const { trainer, batch } = await started();
  trainer.step([batch], 0, 1);
  expect(trainer.isSound()).toBe(true);
  const { params, ...state } = trainer.state;
  const broken = params.map((flat) => {
    const values = flat.dataSync<'float32'>().slice();
    values[values.length - 1] = Number.NaN;
    return tf.tensor1d(values);
  });
  const copies = (flats: readonly tf.Tensor1D[]) => flats.map((flat) => flat.clone());
  trainer.restore({ ...state, m: copies(state.m), v: copies(state.v), params: broken });
  expect(trainer.isSound()).toBe(false);
  trainer.dispose();
  expect(tf.memory().numTensors).toBe(before);
});

it('draws dropout differently in every micro-batch, step and run, and identically in every version', () => {
  const seeds = [0, 1, 2].flatMap((seed) =>
    [0, 1, 7918, 7919, 15838].flatMap((step) => [0, 1, 64].map((micro) => dropoutSeed(seed, step, micro))),
  );
  expect(new Set(seeds).size).toBe(45);
  for (const seed of seeds) expect(seed).toBe(seed | 0);
  // The first 32 bits of the SHA-256 of "1/dropout/2/3", as Python's hashlib gives them.
  expect(dropoutSeed(1, 2, 3)).toBe(671090252);
});
