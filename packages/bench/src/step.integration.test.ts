import { seededNoise } from '@dn-detr/dn';
import { useBackend } from '@dn-detr/runtime';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { benchStep } from './step.ts';
import { stepConfigs } from './step-configs.ts';
import { detectorOf, drawTargets, knownQueriesOf, trainedParametersOf } from './step-inputs.ts';
import { smallStep } from './testing/small-step.ts';

beforeAll(() => useBackend('wasm'));

describe('the models of configurations', () => {
  it.each([
    ['micro', { parameters: 415_305, known: 20, queries: 40, strides: [8] }],
    ['tiny', { parameters: 2_192_883, known: 40, queries: 50, strides: [16] }],
    ['mid', { parameters: 13_822_145, known: 40, queries: 100, strides: [16] }],
    ['r50', { parameters: 43_429_057, known: 40, queries: 300, strides: [32] }],
    ['photographs', { parameters: 1_576_462, known: 192, queries: 60, strides: [16, 32] }],
    ['photographs-dn', { parameters: 1_626_565, known: 80, queries: 60, strides: [16, 32] }],
    ['dino', { parameters: 46_517_182, known: 192, queries: 300, strides: [8, 16, 32] }],
  ] as const)(
    '%s has the number of parameters of the original in PyTorch, and its queries in all steps',
    (name, expected) => {
      const detector = detectorOf(stepConfigs[name]);
      const known = [1, 2].map((step) => {
        const objects = drawTargets(stepConfigs[name], step);
        return knownQueriesOf(stepConfigs[name], detector, objects, seededNoise(step)).layout.known;
      });
      expect(trainedParametersOf(detector)).toBe(expected.parameters);
      expect(known).toEqual([expected.known, expected.known]);
      expect(detector.queries).toBe(expected.queries);
      expect(detector.backbone.levels.map(({ stride }) => stride)).toEqual(expected.strides);
    },
  );
});

describe('benchStep', () => {
  it.each([
    ['images', smallStep],
    ['the features of a frozen backbone', { ...smallStep, featuresOnce: true, strides: [4] } as const],
  ])('times steps from %s, and leaves nothing behind', (_, config) => {
    const before = tf.memory().numTensors;
    const { phases, ...times } = benchStep(config, 2, { phases: true });
    expect(tf.memory().numTensors).toBe(before);
    expect(Object.keys(phases ?? {})).toEqual(['forward', 'matching', 'loss', 'backward', 'optimiser']);
    for (const ms of Object.values(phases ?? {})) expect(ms).toBeGreaterThan(0);
    expect(times.msMin).toBeGreaterThan(0);
    expect(times.ms).toBeGreaterThanOrEqual(times.msMin);
    expect(times.imagesPerSecond).toBeCloseTo(2000 / times.ms, 10);
  });

  it('times phases only on request', () => {
    expect(benchStep(smallStep, 1, { phases: false })).not.toHaveProperty('phases');
  });
});
