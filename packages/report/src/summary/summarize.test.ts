import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { type StoredRun, writeRun } from '@dn-detr/testing/stored-runs';
import { writeJson } from '@dn-detr/train/files';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { keptSummary } from './kept-summary.ts';
import { summarize } from './summarize.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(path.join(os.tmpdir(), 'dn-detr-summarize-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** The summary of one run of each of these models. */
function summaryOf(runs: Readonly<Record<string, StoredRun>>) {
  const sources = Object.entries(runs).map(([model, run]) => {
    const folder = path.join(root, model);
    writeRun(folder, { ...run, settings: { 'model.name': model, ...run.settings } });
    return { model, folder };
  });
  return summarize(sources, { name: 'test', command: '', recipe: '', folder: root });
}

describe('what is compared', () => {
  const minutes = { 'length.unit': 'minutes', 'length.count': 5 };
  it.each<[string, StoredRun['settings'], string[]]>([
    ['a length in steps and a rate that drops', { 'schedule.drops': [0.8] }, ['seconds', 'steps']],
    ['minutes and a rate that stays', { ...minutes, 'schedule.drops': [] }, ['seconds', 'steps']],
    ['minutes and a rate that drops', { ...minutes, 'schedule.drops': [0.8] }, ['seconds']],
    ['minutes and a cosine', { ...minutes, 'schedule.kind': 'cosine', 'schedule.drops': [] }, ['seconds']],
  ])('with %s', (_, settings = {}, expected) => {
    const found = summaryOf({ 'dab-detr': { settings }, 'dn-detr': { settings } });
    expect([...new Set(found.comparisons.map(({ at }) => at))].sort()).toEqual(expected);
    expect(found.stepsRatios.length > 0).toBe(expected.includes('steps'));
    const withheld = expected.includes('steps') ? [] : [{ model: 'dn-detr', baseline: 'dab-detr', at: 'steps' }];
    expect(found.notCompared).toEqual(withheld);
  });

  it.each<[StoredRun['environment'], string[]]>([
    [{}, ['seconds', 'steps']],
    [{ commit: 'abc' }, ['seconds', 'steps']],
    [{ cpus: 16 }, ['steps']],
    [{ backend: 'wasm' }, ['steps']],
  ])('with another environment: %j', (environment = {}, expected) => {
    const found = summaryOf({ detr: {}, 'dab-detr': {}, 'dn-detr': { environment } });
    const pairs = found.comparisons.filter(({ model }) => model === 'dn-detr');
    expect([...new Set(pairs.map(({ at }) => at))].sort()).toEqual(expected);
    expect(found.comparisons.filter(({ model, at }) => model === 'dab-detr' && at === 'seconds')).toHaveLength(2);
    expect(found.environments.map(({ backend, cpus }) => [backend, cpus])).toEqual([
      ['tensorflow 2.21.0', 2],
      ...(Object.keys(environment).length > 0
        ? [[environment.backend ?? 'tensorflow 2.21.0', environment.cpus ?? 2]]
        : []),
    ]);
    const places = found.models.map(({ runs: [run] }) => run?.environment);
    expect(places).toEqual([0, 0, found.environments.length - 1]);
  });
});

it('lists the pretrained weights of runs once each, and so does a kept summary', () => {
  const pretrained = { name: 'lite', file: 'lite.pth', sha256: '57ab', licence: 'Apache-2.0', origin: 'of Google' };
  const summary = summaryOf({ detr: { pretrained }, 'dab-detr': {}, 'dn-detr': { pretrained } });
  expect(summary.pretrained).toEqual([pretrained]);
  const file = path.join(root, 'summary.json');
  writeJson(file, summary);
  expect(keptSummary(file).pretrained).toEqual([pretrained]);
  writeJson(file, { ...summary, pretrained: [{ ...pretrained, licence: undefined }] });
  expect(() => keptSummary(file)).toThrow('pretrained.0.licence');
  expect(summaryOf({ 'dab-detr': {} })).not.toHaveProperty('pretrained');
});

it('refuses runs whose images were decoded differently, and says so', () => {
  expect(() => summaryOf({ detr: { decoding: 2 }, 'dn-detr': { decoding: 3 } })).toThrow(
    /that decode images differently/,
  );
  expect(() => summaryOf({ detr: {}, 'dn-detr': { decoding: 2 } })).toThrow(/other data/);
});

it('leaves out settings that a model does not use', () => {
  const { models, settings } = summaryOf({ 'dab-detr': {}, 'dn-detr': { settings: { 'denoising.groups': 3 } } });
  expect(settings).not.toHaveProperty(['denoising.groups']);
  const [dab, dn] = models.map((model) => model.settings);
  expect(dab).toEqual({ 'model.name': 'dab-detr' });
  expect(dn).toMatchObject({ 'model.name': 'dn-detr', 'denoising.groups': 3, 'model.indicator': true });
});

it.each([
  [[0.02, 0.06, 0.057], true],
  [[0.02, 0.12, 0.09], false],
])('says whether a model with AP50 %j is on the plateau: %s', (AP50, onPlateau) => {
  expect(summaryOf({ detr: { AP50 } }).models[0]?.runs[0]?.onPlateau).toBe(onPlateau);
});

describe('samples', () => {
  it('are from a quarter, a half and the end of the common steps, with as many detections as objects', () => {
    const { samples } = summaryOf({
      detr: { sample: 'a.png', AP50: [0.1, 0.1, 0.1, 0.2, 0.2, 0.3] },
      'dn-detr': { sample: 'a.png', AP50: [0.1, 0.1, 0.2, 0.2, 0.2] },
    });
    const ofModel = [{ score: 0.9 }, { score: 0.5 }];
    expect(samples).toMatchObject({
      steps: [100, 200, 500],
      images: [
        {
          ...{ name: 'a.png', width: 32, height: 24, picture: path.join('detr', 'samples', '1.jpg') },
          objects: [{ label: 0 }, { label: 1 }],
          detections: Array(3).fill([ofModel, ofModel]),
        },
      ],
    });
  });

  it.each([
    [
      [0.1, 0.1],
      [100, 200],
    ],
    [[0.1], [100]],
  ])('are from fewer steps if there are fewer evaluations: %j', (AP50, steps) => {
    expect(summaryOf({ detr: { sample: 'a.png', AP50 } }).samples?.steps).toEqual(steps);
  });

  it.each<[string, StoredRun, StoredRun]>([
    ['other images', { sample: 'a.png' }, { sample: 'b.png' }],
    ['one without', { sample: 'a.png' }, {}],
    ['one before its first evaluation', { sample: 'a.png' }, { sample: 'a.png', AP50: [] }],
  ])('are absent with %s', (_, first, second) => {
    expect(summaryOf({ detr: first, 'dn-detr': second }).samples).toBeUndefined();
  });
});
