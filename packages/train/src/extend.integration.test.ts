/** An extension is one file and one entry in a list, and is trained like everything built in. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { exportCoco, shapesDataset } from '@dn-detr/data';
import { csv } from '@dn-detr/testing/csv-reader';
import { smallSettings } from '@dn-detr/testing/small-run';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type Catalog,
  catalog,
  dnDetr,
  type EvaluationLine,
  type MetricsLine,
  type RunOverrides,
  runFolder,
  type SampleImage,
  type SamplesLine,
  type StoredConfig,
  sigmoidObjective,
  train,
} from './index.ts';
import { readJson, readJsonLines } from './json-files.ts';
import { patches } from './testing/toy-backbone.ts';
import { orderCost } from './testing/toy-cost.ts';
import { glimpse } from './testing/toy-model.ts';
import { sigmoidWithArea } from './testing/toy-term.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(path.join(os.tmpdir(), 'dn-detr-extend-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const { model: smallModel, denoising, data, ...others } = smallSettings.stated;
const model = { ...smallModel, decoderLayers: 1 };
const common = { ...others, length: { unit: 'steps', count: 4 }, evaluation: { every: 4 } } as const;
const small = { ...common, data };
const smallDnDetr = { ...small, model, denoising };

/** Trains for four steps, stopped after the second and resumed, and returns the run's files. */
async function trained(name: string, settings: RunOverrides, extended: Catalog) {
  const folder = path.join(root, name);
  const stop = new AbortController();
  const events = { step: ({ step }: MetricsLine) => step === 2 && stop.abort() };
  const options = { folder, catalog: extended, say: () => {} };
  expect(await train(settings, { ...options, events, signal: stop.signal })).toMatchObject({
    step: 2,
    finished: false,
  });
  expect(await train(settings, { ...options, resume: true })).toMatchObject({ step: 4, finished: true });
  const files = runFolder(folder);
  const lines = readJsonLines<MetricsLine>(files.metrics);
  expect(lines.map(({ step }) => step)).toEqual([1, 2, 3, 4]);
  for (const { loss } of lines) expect(loss).toBeGreaterThan(0);
  return {
    lines,
    stored: readJson<StoredConfig>(files.config),
    evaluation: readJsonLines<EvaluationLine>(files.evaluations).at(-1),
    samples: readJsonLines<SamplesLine>(files.samples.evaluations).at(-1) as SamplesLine,
  };
}

describe('a model', () => {
  const extended = { ...catalog, models: [...catalog.models, glimpse] };
  const settingsOf = (sharpness: number): RunOverrides => ({
    ...small,
    model: { name: 'glimpse', backbone: { kind: 'tiny', channels: [8, 16] }, width: 16, queries: 6, sharpness },
  });

  it('is trained, evaluated and resumed', async () => {
    const { lines, stored, samples } = await trained('run', settingsOf(3), extended);
    expect(stored.config.model).toMatchObject({ name: 'glimpse', width: 16, queries: 6, sharpness: 3 });
    expect(stored.config).not.toHaveProperty('denoising');
    expect(lines[0]).toHaveProperty('loss_giou');
    for (const { queries } of samples.images) expect(queries).toHaveLength(1);
  });

  it('has its settings checked', async () => {
    await expect(train(settingsOf(-1), { folder: path.join(root, 'run'), catalog: extended })).rejects.toThrow(
      'settings: model.sharpness is -1: expected at least 0',
    );
  });
});

describe('a backbone', () => {
  const extended = { ...catalog, backbones: [...catalog.backbones, patches] };
  const settingsOf = (size: number): RunOverrides => ({
    ...smallDnDetr,
    model: { ...model, backbone: { kind: 'patches', size, channels: 12 } },
  });

  it('is trained in a model that does not know it', async () => {
    const { stored } = await trained('run', settingsOf(8), extended);
    expect(stored.config.model.backbone).toEqual({ kind: 'patches', size: 8, channels: 12 });
  });

  it('has its settings checked', async () => {
    await expect(train(settingsOf(0), { folder: path.join(root, 'run'), catalog: extended })).rejects.toThrow(
      'settings: model.backbone.size is 0: expected at least 1',
    );
  });
});

describe('a term of the matching cost', () => {
  const withOrder = (weight: number): typeof dnDetr => {
    const objective: typeof sigmoidObjective = {
      ...sigmoidObjective,
      build(settings) {
        const objective = sigmoidObjective.build(settings);
        return { ...objective, matching: [...objective.matching, orderCost(weight)] };
      },
    };
    return { ...dnDetr, name: 'dn-detr-in-order', title: 'DN-DETR, queries in order', objective };
  };
  const settings = { ...smallDnDetr, model: { ...model, name: 'dn-detr-in-order' } };

  it('decides which queries are matched', async () => {
    const run = async (weight: number) => {
      const extended = { ...catalog, models: [...catalog.models, withOrder(weight)] };
      const { samples, lines } = await trained(`run ${weight}`, settings, extended);
      // For each layer, the queries that are matched to objects, and as many of the first queries.
      const matched = samples.images.flatMap(({ queries }) => queries.map((layer) => [...layer].sort((a, b) => a - b)));
      return { matched, first: matched.map((layer) => layer.map((_, q) => q)), lines };
    };
    const [without, huge] = [await run(0), await run(1e4)];
    expect(without.matched).not.toEqual(without.first);
    expect(huge.matched).toEqual(huge.first);
    // Training uses the same matching, so the matched boxes are further off than those that would be matched without
    // the term.
    expect(huge.lines[0]?.loss_bbox).toBeGreaterThan(without.lines[0]?.loss_bbox as number);
  });
});

describe('a loss term with a setting', () => {
  const withArea = { ...dnDetr, name: 'dn-detr-area', title: 'DN-DETR with areas', objective: sigmoidWithArea };
  const extended = { ...catalog, models: [...catalog.models, withArea] };
  const settingsOf = (area: number): RunOverrides => ({
    ...smallDnDetr,
    model: { ...model, name: 'dn-detr-area' },
    objective: { area },
  });

  it('is logged, and added to the loss with its weight', async () => {
    const { lines, stored, evaluation } = await trained('run', settingsOf(7), extended);
    const resumed = train(settingsOf(8), { folder: path.join(root, 'run'), catalog: extended, resume: true });
    await expect(resumed).rejects.toThrow('objective.area');
    const { lines: unweighted } = await trained('without', settingsOf(0), extended);
    expect(stored.config.objective).toMatchObject({ area: 7, loss: { bbox: 5 }, detections: 100 });
    expect(evaluation?.losses).toHaveProperty('loss_area');
    // Before the first update both have the same weights, and so the same terms.
    const [first, other] = [lines[0], unweighted[0]] as [MetricsLine, MetricsLine];
    const areas = Object.entries(first).filter(([name]) => /^(tgt_)?loss_area(_\d+)?$/.test(name));
    const total = areas.reduce((sum, [, value]) => sum + value, 0);
    expect(total).toBeGreaterThan(0);
    expect(first.loss - other.loss).toBeCloseTo(7 * total, 4);
  });

  it('has its setting checked', async () => {
    await expect(train(settingsOf(-1), { folder: path.join(root, 'run'), catalog: extended })).rejects.toThrow(
      'settings: objective.area is -1: expected at least 0',
    );
  });
});

describe('a reader', () => {
  const extended = { ...catalog, readers: [...catalog.readers, csv] };

  /** Shapes as PNG files, with their boxes as fractions of the image in `boxes.csv`. */
  async function csvFolder(): Promise<string> {
    const shapes = shapesDataset({ train: 8, val: 0, size: 32, classes: ['disc', 'square'], plain: true });
    const folder = path.join(root, 'csv');
    await exportCoco(shapes, folder);
    rmSync(path.join(folder, 'annotations'), { recursive: true });
    const lines = shapes.train.flatMap(({ id, objects: { labels, boxes } }) =>
      Array.from(labels, (label, n) => {
        const box = Array.from(boxes.subarray(4 * n, 4 * n + 4), (x) => x / 32);
        return [`train/00000${id}.png`, shapes.categories[label]?.name, ...box].join(',');
      }),
    );
    writeFileSync(path.join(folder, 'boxes.csv'), lines.join('\n'));
    return folder;
  }
  const settingsOf = (source: string, csvUnit: string): RunOverrides => ({
    ...{ ...common, model, denoising },
    data: { source, csvUnit, valFraction: 0.25, canvas: { width: 32, height: 32 } },
  });

  it('can be used by a run, with its option', async () => {
    const { stored } = await trained('run', settingsOf(await csvFolder(), 'parts'), extended);
    expect(stored.data).toMatchObject({ format: 'csv', classes: ['disc', 'square'], train: 6, val: 2 });
    expect(stored.config.data).toMatchObject({ csvUnit: 'parts' });
    const images = readJson<SampleImage[]>(runFolder(path.join(root, 'run')).samples.images);
    const boxes = images.flatMap(({ objects }) => objects.map(({ bbox }) => Math.max(...bbox)));
    expect(Math.min(...boxes)).toBeGreaterThan(1); // in pixels
  });

  it('has its option checked', async () => {
    await expect(train(settingsOf('csv', 'inches'), { folder: root, catalog: extended })).rejects.toThrow(
      'settings: data.csvUnit is "inches": expected "pixels" or "parts"',
    );
  });
});
