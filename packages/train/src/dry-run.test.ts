import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import { dryRun } from './dry-run.ts';
import type { RunProgress } from './progress-events.ts';
import { smallBackend, smallConfig } from './testing/small-run.ts';

beforeAll(async () => {
  await smallBackend();
});

it('shows its progress, and can be stopped after any step', async () => {
  const tensors = tf.memory().numTensors;
  const controller = new AbortController();
  const shown: RunProgress[] = [];
  const progress = (state: RunProgress): void => {
    // As a signal comes, which waits for the event loop.
    if (shown.push(state) === 2) setImmediate(() => controller.abort());
  };
  expect(await dryRun(smallConfig(), { progress, signal: controller.signal })).toBeUndefined();
  expect(shown.map(({ step }) => step)).toEqual([1, 2]);
  expect(shown[1]).toMatchObject({ progress: 2 / 11, imagesPerSecond: expect.any(Number) });
  expect(tf.memory().numTensors).toBe(tensors);
});
