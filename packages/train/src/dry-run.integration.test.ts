import { smallBackend, smallConfig } from '@dn-detr/testing/small-run';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import { catalog } from './catalog.ts';
import { dryRun } from './dry-run.ts';
import type { RunProgress } from './progress-events.ts';
import { frozenTiny } from './testing/frozen-tiny.ts';

beforeAll(async () => {
  await smallBackend();
});

it('shows its progress, and can be stopped after any step', async () => {
  const tensors = tf.memory().numTensors;
  const controller = new AbortController();
  const shown: RunProgress[] = [];
  const progress = (state: RunProgress): void => {
    // Like a signal, which waits for the event loop.
    if (shown.push(state) === 2) setImmediate(() => controller.abort());
  };
  expect(await dryRun(smallConfig(), { progress, signal: controller.signal })).toBeUndefined();
  expect(shown.map(({ step }) => step)).toEqual([1, 2]);
  expect(shown[1]).toMatchObject({ progress: 2 / 11, imagesPerSecond: expect.any(Number) });
  expect(tf.memory().numTensors).toBe(tensors);
});

it('measures steps from features separately from computing the features', async () => {
  const tensors = tf.memory().numTensors;
  const shown: number[] = [];
  const options = {
    catalog: { ...catalog, backbones: [frozenTiny()] },
    progress: ({ step }: RunProgress) => void shown.push(step),
  };
  const found = await dryRun(smallConfig(), options);
  expect(shown.length).toBe(22);
  // 12 steps of 4 images see all 10, both ways; three evaluations see 4 others.
  const { secondsPerStep = 0, secondsPerFeatures = 0, secondsPerRead = 0, evaluationSeconds = 0 } = found ?? {};
  expect(secondsPerFeatures).toBeGreaterThan(0);
  expect(found?.expectedSeconds).toBeCloseTo(12 * secondsPerStep + 20 * secondsPerFeatures + 10 * secondsPerRead, 6);
  expect(evaluationSeconds).toBeGreaterThan(4 * (secondsPerFeatures + secondsPerRead));
  const few = await dryRun(smallConfig(), { ...options, steps: { warmUp: 1, measured: 3, seconds: 0, again: true } });
  expect(few?.stepsMeasured).toBe(1);
  expect(await dryRun(smallConfig())).not.toHaveProperty('secondsPerFeatures');
  expect(tf.memory().numTensors).toBe(tensors);
});
