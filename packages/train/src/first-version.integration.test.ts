/** Reads and resumes folders of runs that the first version wrote, before configurations had a version. */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TrainingBatch } from '@dn-detr/data';
import type { BackendChoice } from '@dn-detr/runtime';
import { smallBackend, smallConfig } from '@dn-detr/testing/small-run';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readJson, readJsonLines, writeJson } from './json-files.ts';
import { withKnownSlots } from './known-slots.ts';
import type { MetricsLine } from './log-lines.ts';
import { buildModel } from './models/model.ts';
import { loadersOf, openRunData } from './run-data.ts';
import { runFolder } from './run-folder.ts';
import { learningRateFactor } from './schedule.ts';
import { runTraining } from './start.ts';
import { readStoredConfig } from './stored-config.ts';
import { Trainer } from './trainer.ts';

/**
 * Two runs of six steps that were stopped after four, and the lines that they logged after being resumed to the end.
 */
const kept = fileURLToPath(new URL('../../../test/fixtures/runs-v1', import.meta.url));

let root: string;
let backend: BackendChoice;
beforeAll(async () => {
  backend = await smallBackend();
  root = mkdtempSync(path.join(os.tmpdir(), 'dn-detr-first-version-'));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

it.each(['detr', 'dn-detr'])('a run of %s is resumed with the same results', async (model) => {
  const folder = path.join(root, model);
  cpSync(path.join(kept, model), folder, { recursive: true });
  const files = runFolder(folder);
  const { config } = readStoredConfig(files.config);
  const said: string[] = [];
  const signal = new AbortController().signal;
  const result = await runTraining({ config, folder, resume: true, backend, signal, say: (text) => said.push(text) });
  expect(result).toMatchObject({ step: 6, finished: true });
  const lines = readJsonLines<MetricsLine>(files.metrics);
  const before = readJsonLines<MetricsLine>(path.join(kept, `${model}-metrics-to-step-6.jsonl`));
  expect(lines).toHaveLength(6);
  expect(Object.keys(lines[5] as MetricsLine)).toEqual(Object.keys(before[5] as MetricsLine));
  for (const [n, line] of lines.entries()) {
    const { loss } = before[n] as MetricsLine;
    expect(Math.abs(line.loss - loss) / loss).toBeLessThan(1e-4);
  }
});

describe('ten steps from scratch', () => {
  const base = {
    ...{ 'data.shapes.train': 40, 'length.count': 10, 'evaluation.every': 1000, 'checkpoint.every': 1000 },
    // The settings of the recipe with which the losses were recorded.
    ...{ 'schedule.drops': [], 'data.shapes.scale.most': 36 / 64 },
  };

  // Dropout is left out, since its masks now come from another generator.
  it.each([
    ['detr', { 'model.name': 'detr' }],
    ['dab-detr', { 'model.name': 'dab-detr' }],
    ['dn-detr', {}],
    ['dn-detr-vanilla', { 'model.name': 'dn-detr-vanilla' }],
    ['accumulating', { 'optimizer.accumulate': 2 }],
  ])('of %s have the losses that the first version had', async (name, values) => {
    const config = smallConfig({ ...base, ...values });
    const data = await openRunData(config);
    const model = buildModel(config, data.dataset.categories.length);
    const trainer = new Trainer(model, withKnownSlots(config, []));
    const { accumulate } = config.optimizer;
    const incoming = loadersOf(config, model.detector.backbone, []).training(data.train).from(0);
    const losses: number[] = [];
    for (let step = 0; step < 10; step++) {
      const batches: TrainingBatch[] = [];
      while (batches.length < accumulate) batches.push((await incoming.next()).value as TrainingBatch);
      losses.push(trainer.step(batches, step, learningRateFactor(config.schedule, step, step / 10)).loss);
    }
    await incoming.return(undefined);
    trainer.dispose();
    const before = readJson<Record<string, number[]>>(path.join(kept, 'losses-of-10-steps.json'))[name] as number[];
    for (const [step, loss] of losses.entries()) {
      expect(Math.abs(loss / (before[step] as number) - 1), `step ${step + 1}`).toBeLessThan(1e-4);
    }
  });
});

it('has only the settings of its model, in their current places', () => {
  const { config } = readStoredConfig(runFolder(path.join(kept, 'detr')).config);
  expect(config).not.toHaveProperty('denoising');
  expect(config.model).not.toHaveProperty('patterns');
  const { config: dn } = readStoredConfig(runFolder(path.join(kept, 'dn-detr')).config);
  expect(dn.objective).toMatchObject({ detections: 50, loss: { alpha: 0.25 } });
  expect(dn.evaluation).not.toHaveProperty('detections');
  expect(dn.init).toBe('none');
});

it('is not confused with a configuration of a later version', () => {
  const file = path.join(root, 'later.json');
  writeJson(file, { ...readJson<object>(runFolder(path.join(kept, 'detr')).config), version: 3 });
  expect(() => readStoredConfig(file)).toThrow(/is of version 3, expected 2: a later version wrote it/);
});
