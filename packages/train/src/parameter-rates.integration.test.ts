import { smallBackend, smallConfig } from '@dn-detr/testing/small-run';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { withKnownSlots } from './known-slots.ts';
import { buildModel } from './models/model.ts';
import { optimizerGroups } from './parameter-rates.ts';
import { loadersOf, openRunData } from './run-data.ts';
import { Trainer } from './trainer.ts';

beforeAll(() => smallBackend());

const encoderRate = { pattern: '^transformer\\.encoder', learningRate: 3e-4 };

describe('learning rates', () => {
  it('come from the first pattern that matches, otherwise from the backbone or the rest', () => {
    const rates = [encoderRate, { pattern: 'norm', learningRate: 2e-4 }];
    const config = smallConfig({ 'optimizer.rates': rates });
    const { trained } = buildModel(config, 2);
    const groups = optimizerGroups(trained.groups, config.optimizer);
    const rateOf = (name: string) =>
      groups[trained.groups.findIndex((group) => group.name === trained.parameter(name).group)]?.learningRate;
    expect(rateOf('transformer.encoder.layers.0.norm1.weight')).toBe(3e-4);
    expect(rateOf('transformer.decoder.norm.weight')).toBe(2e-4);
    expect(rateOf('class_embed.weight')).toBe(1e-3);
    expect(rateOf('backbone.body.0.weight')).toBe(1e-3);
  });

  it.each([
    [
      [{ pattern: 'class_head', learningRate: 1 }],
      /optimizer.rates.0.pattern is "class_head", which matches the name of no trained/,
    ],
    [[encoderRate, encoderRate], /optimizer.rates.1.pattern .* all match an earlier pattern/],
    [[{ pattern: '(', learningRate: 1 }], /optimizer.rates.0.pattern: Invalid regular expression/],
  ])('of %j are refused', (rates, message) => {
    expect(() => buildModel(smallConfig({ 'optimizer.rates': rates }), 2)).toThrow(message);
  });
});

/** Parameters by name after two steps. */
async function trained(values: object): Promise<Record<string, Float32Array>> {
  const config = smallConfig({ 'optimizer.weightDecay': 0, 'schedule.warmUp': 0, ...values });
  const data = await openRunData(config);
  const model = buildModel(config, data.dataset.categories.length);
  const trainer = new Trainer(model, withKnownSlots(config, []));
  const batches = loadersOf(config, model.detector.backbone, []).training(data.train).from(0);
  for (let step = 0; step < 2; step++) trainer.step([(await batches.next()).value as never], step, 1);
  await batches.return(undefined);
  const parameters = trainer.parameters();
  const values_ = Object.fromEntries(Object.entries(parameters).map(([name, x]) => [name, x.dataSync<'float32'>()]));
  tf.dispose(parameters);
  trainer.dispose();
  return values_;
}

it('a rate of 0 keeps its parameters fixed, and does not affect the rest of the step', async () => {
  const [plain, kept] = [
    await trained({}),
    await trained({ 'optimizer.rates': [{ ...encoderRate, learningRate: 0 }] }),
  ];
  const start = await trained({ 'optimizer.learningRate': 0, 'optimizer.backboneLearningRate': 0 });
  const encoder = 'transformer.encoder.layers.0.linear1.weight';
  expect(kept[encoder]).toEqual(start[encoder]);
  expect(plain[encoder]).not.toEqual(start[encoder]);
  expect(kept['class_embed.weight']).not.toEqual(start['class_embed.weight']);
}, 120_000);

it("AdamW's betas are those of the settings", async () => {
  const [plain, slow] = [await trained({}), await trained({ 'optimizer.betas': [0.5, 0.9] })];
  expect(slow['class_embed.weight']).not.toEqual(plain['class_embed.weight']);
}, 120_000);
