import fs, { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { readSafetensors } from '@dn-detr/core/weights';
import { shapesDataset } from '@dn-detr/data';
import type { BackendChoice } from '@dn-detr/runtime';
import { smallBackend, smallConfig } from '@dn-detr/testing/small-run';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Catalog, catalog } from '../catalog.ts';
import type { DottedValues } from '../config/dotted-keys.ts';
import { readJsonLines } from '../json-files.ts';
import type { EvaluationLine, MetricsLine } from '../log-lines.ts';
import { buildModel } from '../models/model.ts';
import { runFolder } from '../run-folder.ts';
import { runTraining } from '../start.ts';
import { frozenTiny } from '../testing/frozen-tiny.ts';
import { featuresNote } from './features-note.ts';
import { keepsFeatures } from './run-features.ts';

const withFrozenBackbone: Catalog = { ...catalog, backbones: [frozenTiny()] };

let backend: BackendChoice;
let root: string;
let file: string;
const cacheHome = process.env.XDG_CACHE_HOME;

/** Two and a half epochs, with images that do not fill their canvas. */
const settings = {
  'length.count': 7,
  'evaluation.every': 3,
  'checkpoint.every': 100,
  'data.canvas': { height: 32, width: 48 },
};

async function run(name: string, values: DottedValues = {}, stopAfter?: number): Promise<string[]> {
  const controller = new AbortController();
  const said: string[] = [];
  await runTraining({
    config: { ...smallConfig({ ...settings, ...values }), init: { file } },
    folder: path.join(root, name),
    catalog: withFrozenBackbone,
    resume: true,
    backend,
    say: (line) => said.push(line),
    events: {
      step: ({ step }) => {
        if (step === stopAfter) controller.abort();
      },
    },
    signal: controller.signal,
  });
  return said;
}

const linesOf = (name: string) =>
  readJsonLines<MetricsLine>(runFolder(path.join(root, name)).metrics).map(({ seconds: _, ...line }) => line);
const evaluationsOf = (name: string) =>
  readJsonLines<EvaluationLine>(runFolder(path.join(root, name)).evaluations).map(({ seconds: _, ...line }) => line);
const weightsOf = (name: string) =>
  [...readSafetensors(readFileSync(runFolder(path.join(root, name)).last)).tensors].map(([tensor, { data }]) => [
    tensor,
    [...data],
  ]);

beforeAll(async () => {
  backend = await smallBackend();
  root = mkdtempSync(path.join(os.tmpdir(), 'features-'));
  process.env.XDG_CACHE_HOME = path.join(root, 'cache');
  const folder = path.join(root, 'source');
  const config = smallConfig({ seed: 1, 'length.count': 1 });
  await runTraining({ config, folder, resume: false, backend, say: () => {} });
  file = runFolder(folder).last;
  await run('images', { 'features.memoryMiB': 0 });
  await run('features');
});
afterAll(() => {
  if (cacheHome === undefined) delete process.env.XDG_CACHE_HOME;
  else process.env.XDG_CACHE_HOME = cacheHome;
  rmSync(root, { recursive: true, force: true });
});

describe('a run that computes features once', () => {
  it('gives the same numbers as one whose steps start from the images', () => {
    const [features, images] = [linesOf('features'), linesOf('images')];
    expect(features.length).toBe(7);
    for (const [n, line] of features.entries()) {
      for (const [name, value] of Object.entries(line)) {
        const expected = images[n]?.[name] as number;
        expect(Math.abs(value - expected), name).toBeLessThan(1e-4 * Math.max(1, Math.abs(expected)));
      }
    }
    const figures = (name: string) =>
      evaluationsOf(name).map(({ AP, AP50, loss, anchorDistance }) => [AP, AP50, loss, anchorDistance]);
    for (const [n, values] of figures('features').entries()) {
      for (const [k, value] of values.entries()) expect(value).toBeCloseTo(figures('images')[n]?.[k] as number, 4);
    }
  });

  it('gives the same bits if it is stopped and resumed, keeps only a part of them, or reads them from disk', async () => {
    // A feature map has 8 × 12 × 16 numbers, so three of the 24 fit.
    const few = { 'features.memoryMiB': (3.5 * 4 * 8 * 12 * 16) / 2 ** 20 };
    await run('parts', few, 4);
    const before = tf.memory().numTensors;
    await run('parts', { ...few, 'features.disk': true });
    expect(tf.memory().numTensors).toBe(before);
    // The files that the previous run has left on disk serve this one; one of them is damaged, one is too short.
    const [folder] = readdirSync(path.join(root, 'cache/dn-detr/features'));
    const files = readdirSync(path.join(root, 'cache/dn-detr/features', folder as string)).map((name) =>
      path.join(root, 'cache/dn-detr/features', folder as string, name),
    );
    const [damaged, short] = files as [string, string];
    const whole = readFileSync(damaged);
    writeFileSync(
      damaged,
      whole.map((byte, n) => (n === whole.length - 3 ? byte ^ 1 : byte)),
    );
    writeFileSync(short, readFileSync(short).subarray(0, 600));
    const times = new Map(files.map((name) => [name, fs.statSync(name).mtimeMs]));
    await run('disk', { 'features.memoryMiB': 0, 'features.disk': true });
    expect(readFileSync(damaged)).toEqual(whole);
    for (const name of ['parts', 'disk']) {
      expect(linesOf(name)).toEqual(linesOf('features'));
      expect(evaluationsOf(name)).toEqual(evaluationsOf('features'));
      expect(weightsOf(name)).toEqual(weightsOf('features'));
    }
    const rewritten = files.filter((name) => fs.statSync(name).mtimeMs !== times.get(name));
    expect(rewritten.sort()).toEqual([damaged, short].sort());
  });

  it('continues if nothing can be written to disk, and says so once', async () => {
    process.env.XDG_CACHE_HOME = file;
    const said = await run('full', { 'features.disk': true, 'length.count': 2 });
    process.env.XDG_CACHE_HOME = path.join(root, 'cache');
    const notices = said.filter((line) => line.startsWith('features are no longer kept on disk'));
    expect(notices).toEqual([expect.stringContaining('a part of its path is a file')]);
    expect(linesOf('full').length).toBe(2);
  });

  it('can be resumed with another budget, but not without features', async () => {
    const stopped = { 'length.count': 2 };
    await run('budget', stopped, 1);
    await expect(run('budget', { ...stopped, 'features.memoryMiB': 0 })).rejects.toThrow(
      'features.memoryMiB (was 1024, is 0)',
    );
    await run('budget', { ...stopped, 'features.memoryMiB': 1 });
    expect(linesOf('budget').length).toBe(2);
  });
});

it('trains the last stages of a backbone at a lower rate, from the images', async () => {
  const backbone = (trainStages: number) => ({ kind: 'resnet', depth: 18, levels: ['layer2'], trainStages });
  const tune = async (name: string, values: DottedValues, init?: { readonly file: string }) => {
    const config = smallConfig({ 'length.count': 1, 'schedule.warmUp': 0, 'optimizer.weightDecay': 0, ...values });
    const folder = path.join(root, name);
    await runTraining({ config: { ...config, ...(init && { init }) }, folder, resume: false, backend, say: () => {} });
    return runFolder(folder).last;
  };
  const start = await tune('untuned', { 'model.backbone': backbone(5) });
  const tuned = await tune(
    'tuned',
    { 'model.backbone': backbone(3), 'optimizer.backboneLearningRate': 1e-4 },
    { file: start },
  );
  const [before, after] = [start, tuned].map((name) => readSafetensors(readFileSync(name)).tensors);
  const change = (name: string) => {
    const [from, to] = [before, after].map((tensors) => tensors?.get(name)?.data as Float32Array);
    return Math.max(...Array.from(to as Float32Array, (value, i) => Math.abs(value - (from?.[i] as number))));
  };
  expect(change('backbone.0.body.layer1.0.conv1.weight')).toBe(0);
  // AdamW's first step has the length of the learning rate.
  expect(change('backbone.0.body.layer2.0.conv1.weight') / 1e-4).toBeCloseTo(1, 1);
  expect(change('class_embed.weight') / 1e-3).toBeCloseTo(1, 1);
});

describe('features are kept', () => {
  it.each([
    ['as a rule', {}, true],
    ['but not if the settings keep nothing', { 'features.memoryMiB': 0 }, false],
    ['with one scale', { 'data.scales': [32] }, true],
    ['with two scales', { 'data.scales': [24, 32] }, false],
    ['with crops', { 'data.augmentation.crop': { probability: 1, scales: [32], least: 16, most: 32 } }, false],
    ['with other colours', { 'data.augmentation.jitter.hue': 0.1 }, false],
    ['without augmentation', { 'data.augmentation.jitter.hue': 0.1, overfit: 2 }, true],
    ['on canvases for each batch', { 'data.canvas': { multipleOf: 32 } }, false],
    ['on a canvas for a longer side', { 'data.canvas': { longSide: 32 } }, true],
  ])('%s: %j is %s', (_, values, expected) => {
    const config = smallConfig(values);
    const { backbone } = buildModel(config, 2, withFrozenBackbone).detector;
    expect(keepsFeatures(config, backbone)).toBe(expected);
  });

  it('not where a stage is trained', () => {
    const config = smallConfig({ 'model.backbone': { kind: 'resnet', depth: 18, trainStages: 1 } });
    expect(keepsFeatures(config, buildModel(config, 2).detector.backbone)).toBe(false);
    const frozen = smallConfig({ 'model.backbone': { kind: 'resnet', depth: 18, trainStages: 0 } });
    expect(keepsFeatures(frozen, buildModel(frozen, 2).detector.backbone)).toBe(true);
  });
});

describe('a note before a run', () => {
  /** 18 training and 2 validation images, of 8 × 8 × 16 numbers each. */
  const note = (values: DottedValues) => {
    const config = smallConfig({ 'data.augmentation.flip': 0, ...values });
    const { train, val } = shapesDataset({ train: 18, val: 2, size: 64, plain: true });
    const dataset = { name: '', format: 'shapes', categories: [], train, val, test: [] };
    const { backbone } = buildModel(config, 2, withFrozenBackbone).detector;
    return featuresNote(config, backbone, { dataset, train, val: config.overfit > 0 ? train : val });
  };
  const bytes = 4 * 8 * 8 * 16;
  const enough = (images: number) => ({ 'features.memoryMiB': (images * bytes) / 2 ** 20 });

  it.each([
    [
      'crops',
      { 'data.augmentation.crop': { probability: 1, scales: [32], least: 16, most: 32 } },
      'images are cropped',
    ],
    ['jitter', { 'data.augmentation.jitter.hue': 0.1 }, 'images are recoloured'],
    ['scales', { 'data.scales': [24, 32] }, 'images are seen at several scales'],
    ['canvases', { 'data.canvas': { multipleOf: 32 } }, 'canvases are as large as each batch needs'],
  ])('says why features.disk has no effect: %s', (_, values, why) => {
    expect(note({ ...values, 'features.disk': true })).toMatch(
      new RegExp(`^features.disk has no effect, all steps start from the images: features change, because ${why}`),
    );
    expect(note(values)).toBeUndefined();
  });

  it('says that a stage is trained', () => {
    const config = smallConfig({
      'model.backbone': { kind: 'resnet', depth: 18, trainStages: 1 },
      'features.disk': true,
    });
    const { backbone } = buildModel(config, 2).detector;
    expect(featuresNote(config, backbone, { train: [], val: [] } as never)).toContain('backbone is trained');
  });

  it.each([
    ['unmirrored images', {}, 20],
    ['mirrored training images too', { 'data.augmentation.flip': 0.5 }, 38],
    ['the images of a run that overfits once', { overfit: 18 }, 18],
    ['the canvas of a longer side', { 'data.canvas': { longSide: 32 } }, 20],
  ])('says how much memory is needed: %s', (_, values, images) => {
    expect(note({ ...values, ...enough(images) })).toBeUndefined();
    expect(note({ ...values, ...enough(images - 1) })).toMatch(
      /^the features of all images take about 1 MiB, and features\.memoryMiB is 0\.\d+: .* Set features\.memoryMiB=1, or/,
    );
    expect(note({ ...values, ...enough(images - 1), 'features.disk': true })).toBeUndefined();
    expect(note({ ...values, 'features.memoryMiB': 0 })).toBeUndefined();
  });
});
