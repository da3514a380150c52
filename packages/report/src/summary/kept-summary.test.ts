import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DottedValues } from '@dn-detr/train';
import { readJson, writeJson } from '@dn-detr/train/files';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { keptSummary } from './kept-summary.ts';
import type { ModelSummary, Summary } from './summary.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'dn-detr-kept-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('a summary of the first version', () => {
  const first = readJson<Summary>(
    fileURLToPath(new URL('../../../../docs/results/convergence/summary.json', import.meta.url)),
  );

  /** The summary as read with these shared settings and settings of each model. */
  function read(shared: DottedValues, ...own: DottedValues[]) {
    const { 'model.name': _, 'evaluation.detections': __, ...others } = first.settings;
    const models = own.map((settings) => ({ ...(first.models[0] as ModelSummary), settings }));
    const file = path.join(folder, 'summary.json');
    writeJson(file, { ...first, models, settings: { ...others, ...shared } });
    const { settings, models: kept } = keptSummary(file);
    return [settings, ...kept.map((model) => model.settings)] as const;
  }

  it('has the objective among the shared settings, with the summary’s number of detections', () => {
    const shared = { 'model.name': 'dn-detr', 'evaluation.detections': 50 };
    const [settings, ...own] = read(shared, { 'denoising.groups': 0 }, { 'denoising.groups': 5 });
    expect(settings).toMatchObject({ 'objective.detections': 50, 'objective.loss.alpha': 0.25 });
    expect(settings).not.toHaveProperty(['evaluation.detections']);
    expect(own).toEqual([{ 'denoising.groups': 0 }, { 'denoising.groups': 5 }]);
  });

  it('has differing settings of the objective with each model', () => {
    const dab = { 'model.name': 'dab-detr' };
    const [settings, ...own] = read(
      {},
      { 'model.name': 'detr', 'evaluation.detections': 50 },
      { ...dab, 'evaluation.detections': 50 },
      { ...dab, 'evaluation.detections': 300 },
    );
    expect(settings).toMatchObject({ 'objective.loss.class': 1, 'objective.matching.l1': 5 });
    const focal = { 'loss.alpha': 0.25, 'loss.gamma': 2, 'matching.alpha': 0.25, 'matching.gamma': 2 };
    const sigmoid = Object.fromEntries(Object.entries(focal).map(([key, value]) => [`objective.${key}`, value]));
    expect(own).toEqual([
      { 'model.name': 'detr', 'objective.loss.eosCoef': 0.1, 'objective.matching.class': 1 },
      ...[50, 300].map((detections) => ({
        ...{ ...dab, ...sigmoid, 'objective.matching.class': 2, 'objective.detections': detections },
      })),
    ]);
  });

  it('has two samples, at a single step', () => {
    const file = path.join(folder, 'summary.json');
    writeJson(file, first);
    const { schema, samples } = keptSummary(file);
    const old = first.samples as never as { step: number; images: { name: string; detections: unknown }[] };
    expect([schema, samples?.steps]).toEqual([2, [old.step]]);
    expect(samples?.images.map(({ name, detections }) => [name, detections])).toEqual(
      old.images.slice(0, 2).map(({ name, detections }) => [name, [detections]]),
    );
  });
});
