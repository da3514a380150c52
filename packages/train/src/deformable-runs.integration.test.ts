/** Runs of models with deformable attention. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { readSafetensors } from '@dn-detr/core/weights';
import { type BackendChoice, useBackend } from '@dn-detr/runtime';
import { smallBackend, smallConfig } from '@dn-detr/testing/small-run';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DottedValues } from './config/dotted-keys.ts';
import type { RunConfig } from './config/schema.ts';
import { readJsonLines } from './json-files.ts';
import type { EvaluationLine, MetricsLine } from './log-lines.ts';
import { runFolder } from './run-folder.ts';
import { runTraining } from './start.ts';

const sizes: DottedValues = {
  'model.width': 32,
  'model.featureLevels': 2,
  'model.points': 2,
  'length.count': 6,
  'evaluation.every': 3,
  'checkpoint.every': 2,
};
const twoStage = { 'model.name': 'deformable-detr', 'model.boxRefinement': true, 'model.twoStage': true };
const dn = { ...sizes, 'model.name': 'dn-deformable-detr', 'model.dropout': 0.1 };
/** Enough known queries for the fullest image, and images without objects. */
const dino = {
  ...{ ...sizes, 'model.name': 'dino', 'model.dropout': 0.1, 'data.shapes.objects.least': 0 },
  ...{ 'denoising.groups': null, 'denoising.slotBucket': null, 'denoising.maxKnownQueries': 20 },
};
const models: readonly (readonly [string, DottedValues])[] = [
  ['two stages and accumulation', { ...sizes, ...twoStage, 'model.dropout': 0.1, 'optimizer.accumulate': 2 }],
  ['denoising', dn],
  ['contrastive denoising', { ...dn, 'denoising.kind': 'contrastive' }],
  ['DINO', { ...dino, 'model.shareHeads': false }],
  ['DINO with denoising of kind dn and accumulation', { ...dino, 'denoising.kind': 'dn', 'optimizer.accumulate': 2 }],
  ['DINO without denoising', { ...dino, 'denoising.groups': 0, 'model.content': 'encoder' }],
];

const { name: best } = await useBackend();
const backends = [...new Set([best, 'wasm'])];

describe.each(backends)('on %s', (name) => {
  let backend: BackendChoice;
  let root: string;
  beforeAll(async () => {
    backend = name === best ? await smallBackend() : await useBackend(name);
  });
  beforeEach(() => {
    root = mkdtempSync(path.join(os.tmpdir(), 'dn-detr-deformable-'));
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  /**
   * Trains a run.
   *
   * @returns its logs, without times
   */
  async function run(folder: string, config: RunConfig, stopAfter?: number) {
    const controller = new AbortController();
    const result = await runTraining({
      ...{ config, folder: path.join(root, folder), resume: true, backend, say: () => {}, signal: controller.signal },
      events: {
        step: ({ step }) => {
          if (step === stopAfter) controller.abort();
        },
      },
    });
    const files = runFolder(path.join(root, folder));
    return {
      result,
      metrics: readJsonLines<MetricsLine>(files.metrics).map(({ seconds: _, ...line }) => line),
      evaluations: readJsonLines<EvaluationLine>(files.evaluations).map(({ seconds: _, ...line }) => line),
      tensors: [...readSafetensors(readFileSync(files.last)).tensors].map(([key, { data }]) => [key, [...data]]),
    };
  }

  it.each(models)(
    'a run with dropout that was stopped and resumed equals an uninterrupted one to the last bit: %s',
    async (_, values) => {
      const config = smallConfig(values);
      const before = tf.memory().numTensors;
      const whole = await run('whole', config);
      expect(whole.result).toMatchObject({ step: 6, finished: true });
      expect((await run('parts', config, 3)).result).toMatchObject({ step: 3, finished: false });
      const parts = await run('parts', config);
      expect({ ...parts, result: undefined }).toEqual({ ...whole, result: undefined });
      expect(whole.metrics.every(({ loss }) => Number.isFinite(loss))).toBe(true);
      expect(tf.memory().numTensors).toBe(before);
    },
  );
});
