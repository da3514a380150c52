import fs, { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { readSafetensors } from '@dn-detr/core/weights';
import { decodingVersion, exportCoco, shapesDataset } from '@dn-detr/data';
import type { BackendChoice } from '@dn-detr/runtime';
import { smallBackend, smallConfig } from '@dn-detr/testing/small-run';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { catalog } from './catalog.ts';
import type { RunConfig } from './config/schema.ts';
import { environmentOf } from './environment.ts';
import { readJson, readJsonLines } from './json-files.ts';
import type { EvaluationLine, MetricsLine } from './log-lines.ts';
import { runFolder } from './run-folder.ts';
import type { Sample, SampleImage, SamplesLine } from './samples.ts';
import { type RunResult, runTraining, type StartOptions } from './start.ts';
import type { StoredConfig } from './stored-config.ts';
import { readStoredConfig } from './stored-config.ts';
import { frozenTiny } from './testing/frozen-tiny.ts';
import type { TrainingEvents } from './training-run.ts';

let backend: BackendChoice;
let root: string;
beforeAll(async () => {
  backend = await smallBackend();
});
beforeEach(() => {
  root = mkdtempSync(path.join(os.tmpdir(), 'dn-detr-run-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/**
 * Trains a run.
 *
 * @param stopAfter number of steps after which the run is asked to stop
 */
function run(
  name: string,
  config: RunConfig,
  { stopAfter, ...options }: Partial<StartOptions> & { stopAfter?: number } = {},
): Promise<RunResult> {
  const controller = new AbortController();
  const events: TrainingEvents = {
    step: ({ step }) => {
      if (step === stopAfter) controller.abort();
    },
  };
  const folder = path.join(root, name);
  return runTraining({
    config,
    folder,
    resume: true,
    backend,
    events,
    say: () => {},
    signal: controller.signal,
    ...options,
  });
}

const filesOf = (name: string) => runFolder(path.join(root, name));
const linesOf = (name: string) =>
  readJsonLines<MetricsLine>(filesOf(name).metrics).map(({ seconds: _, ...line }) => line);
const evaluationsOf = (name: string) =>
  readJsonLines<EvaluationLine>(filesOf(name).evaluations).map(({ seconds: _, ...line }) => line);
const samplesOf = (name: string) => readJsonLines<SamplesLine>(filesOf(name).samples.evaluations);
const tensorsOf = (file: string) =>
  Object.fromEntries([...readSafetensors(readFileSync(file)).tensors].map(([name, { data }]) => [name, [...data]]));

describe('a run', () => {
  it('says so if it is resumed with other native ops', async () => {
    const [config, said] = [smallConfig(), [] as string[]];
    const library = { version: '2.21.0', source: 'here', cuda: false, gpu: false, devices: [] };
    const tensorflow = { ...library, ops: { names: ['DnOther'] } };
    await run('ops', config, { stopAfter: 1, backend: { ...backend, tensorflow } });
    await run('ops', config, { stopAfter: 2, say: (text) => said.push(text) });
    expect(said.join()).toMatch(/^note: native ops: the run used DnOther and continues with/);
    const { nativeOps: own } = environmentOf(backend, {});
    const { environment } = readStoredConfig(filesOf('ops').config);
    expect(environment).toMatchObject({ nativeOps: ['DnOther'], otherNativeOps: [own] });
  });

  it.each([
    ['a plain one', {}],
    ['dropout, accumulation and an average', { 'model.dropout': 0.1, 'optimizer.accumulate': 2, 'optimizer.ema': 0.9 }],
    ['vanilla DETR with jitter', { 'model.name': 'dn-detr-vanilla', 'data.augmentation.jitter.brightness': 0.3 }],
  ])('that was stopped and resumed twice equals an uninterrupted one to the last bit: %s', async (_, values) => {
    const config = smallConfig(values);
    await run('whole', config);
    // Between checkpoints, in the middle of an epoch, and where neither an evaluation nor a checkpoint is due.
    expect(await run('parts', config, { stopAfter: 4 })).toMatchObject({ step: 4, finished: false });
    expect(await run('parts', config, { stopAfter: 7 })).toMatchObject({ step: 7, finished: false });
    expect(await run('parts', config)).toMatchObject({ step: 12, finished: true });
    expect(linesOf('parts')).toEqual(linesOf('whole'));
    expect(linesOf('whole').map(({ step }) => step)).toEqual(Array.from({ length: 12 }, (_, i) => i + 1));
    expect(evaluationsOf('parts')).toEqual(evaluationsOf('whole'));
    expect(evaluationsOf('whole').map(({ step }) => step)).toEqual([4, 8, 12]);
    expect(samplesOf('parts')).toEqual(samplesOf('whole'));
    expect(samplesOf('whole').map(({ step }) => step)).toEqual([4, 8, 12]);
    expect(tensorsOf(filesOf('parts').last)).toEqual(tensorsOf(filesOf('whole').last));
    expect(tensorsOf(filesOf('parts').best)).toEqual(tensorsOf(filesOf('whole').best));
  });

  it('is resumed with the frozen weights that it was started from', async () => {
    const settings = { 'length.count': 4, 'checkpoint.every': 2 };
    await run('source', smallConfig({ ...settings, seed: 1 }));
    const options = { catalog: { ...catalog, backbones: [frozenTiny()] } };
    const config = { ...smallConfig(settings), init: { file: filesOf('source').last } };
    await run('whole', config, options);
    await run('parts', config, { ...options, stopAfter: 2 });
    const before = tf.memory().numTensors;
    await run('parts', config, options);
    expect(tf.memory().numTensors).toBe(before);
    expect(linesOf('parts')).toEqual(linesOf('whole'));
    expect(evaluationsOf('parts')).toEqual(evaluationsOf('whole'));
    expect(tensorsOf(filesOf('parts').last)).toEqual(tensorsOf(filesOf('whole').last));
    const [kept, given] = ['parts', 'source'].map((name) => tensorsOf(filesOf(name).last)['backbone.body.0.weight']);
    expect(kept?.length).toBeGreaterThan(0);
    expect(kept).toEqual(given);
  });

  it('measures instability over equal intervals, and not at a last evaluation that comes sooner', async () => {
    await run('uneven', smallConfig({ 'length.count': 10 }));
    const found = evaluationsOf('uneven').map(({ step, instability }) => [step, instability !== null]);
    expect(found).toEqual([
      [4, false],
      [8, true],
      [10, false],
    ]);
  });

  it('on drawn images that the first version began can be resumed, since they are not decoded', async () => {
    const config = smallConfig();
    await run('here', config, { stopAfter: 2 });
    const { config: file } = filesOf('here');
    const stored = readJson<StoredConfig>(file);
    // The hash of that version.
    expect(stored.data).toMatchObject({ format: 'shapes', hash: '66ed95a845fe55c8' });
    expect(stored.data).not.toHaveProperty('decoding');
    const { bands, maxPixels, ...data } = stored.config.data;
    writeFileSync(file, JSON.stringify({ ...stored, config: { ...stored.config, data } }));
    expect(await run('here', config)).toMatchObject({ step: 12, finished: true });
  });

  it('is resumed from its last checkpoint if its process was killed', async () => {
    const config = smallConfig();
    await run('whole', config);
    await run('killed', config, { stopAfter: 6 });
    // The state that a process leaves if it went on to step 8, writing logs, and was killed before the next checkpoint.
    const files = filesOf('killed');
    const checkpoint = readFileSync(files.last);
    await run('killed', config, { stopAfter: 8 });
    writeFileSync(files.last, checkpoint);
    await run('killed', config);
    expect(linesOf('killed')).toEqual(linesOf('whole'));
    expect(evaluationsOf('killed')).toEqual(evaluationsOf('whole'));
  });

  it('logs known and matching queries separately, and leaks no tensor', async () => {
    await run('first', smallConfig());
    const before = tf.memory().numTensors;
    await run('second', smallConfig({ seed: 1 }));
    expect(tf.memory().numTensors).toBe(before);
    const [line] = linesOf('second');
    expect(line).toMatchObject({ step: 1, learningRate: 1e-3 / 3 });
    expect(line?.knownQueries).toBeGreaterThan(0);
    for (const name of [
      'loss_ce',
      'loss_bbox',
      'loss_giou',
      'tgt_loss_ce',
      'tgt_loss_bbox_0',
      'gradNorm',
      'class_error',
    ]) {
      expect(line?.[name], name).toBeGreaterThanOrEqual(0);
    }
    const [first, second] = evaluationsOf('second');
    expect(first).toMatchObject({ step: 4, instability: null });
    expect(second?.instability).toBeGreaterThanOrEqual(0);
    expect(second?.anchorDistance).toBeGreaterThan(0);
    expect(linesOf('first')[0]?.loss).not.toBe(line?.loss);
    const { loss_ce, tgt_loss_bbox } = first?.losses ?? {};
    const mean = (name: string) =>
      linesOf('second')
        .slice(0, 4)
        .reduce((sum, { [name]: value }) => sum + Number(value), 0) / 4;
    expect(loss_ce).toBeCloseTo(mean('loss_ce'), 6);
    expect(tgt_loss_bbox).toBeCloseTo(mean('tgt_loss_bbox'), 6);
  });

  it.each(['dn-detr', 'dn-detr-vanilla'])(
    'of %s takes contrastive known queries, which do not affect matching ones',
    async (model) => {
      const settings = { 'model.name': model, 'length.count': 6 };
      const contrastive = { ...settings, 'denoising.kind': 'contrastive' };
      await run('plain', smallConfig(settings));
      await run('first', smallConfig(contrastive));
      const before = tf.memory().numTensors;
      await run('second', smallConfig({ ...contrastive, seed: 1 }));
      expect(tf.memory().numTensors).toBe(before);
      const lines = linesOf('first');
      expect(lines).toHaveLength(6);
      for (const line of lines)
        for (const [name, value] of Object.entries(line)) expect(value, name).toSatisfy(Number.isFinite);
      const [known, plain] = [lines[0], linesOf('plain')[0]];
      expect(known?.knownQueries).toBe(2 * Number(plain?.knownQueries));
      // Before the first update, the predictions of matching queries do not depend on the queries behind the mask.
      expect(known?.loss_ce).toBeCloseTo(Number(plain?.loss_ce), 4);
      expect(known?.loss_giou).toBeCloseTo(Number(plain?.loss_giou), 4);
      expect(known?.tgt_loss_ce).not.toBeCloseTo(Number(plain?.tgt_loss_ce), 4);
    },
  );

  it('follows a few images: their objects, detections, and the query matched to each object', async () => {
    await run('followed', smallConfig({ 'length.count': 4 }));
    const { samples } = filesOf('followed');
    const images = readJson<SampleImage[]>(samples.images);
    const [{ images: found } = { images: [] }] = samplesOf('followed');
    expect(images.length).toBe(4);
    expect(found.length).toBe(4);
    for (const [n, { picture, width, objects }] of images.entries()) {
      expect(readFileSync(path.join(samples.folder, picture)).length).toBeGreaterThan(100);
      expect(width).toBe(32);
      const { detections, queries } = found[n] as Sample;
      const scores = detections.map(({ score }) => score);
      expect(scores).toEqual(scores.toSorted((a, b) => b - a));
      // Two decoder layers; with more queries than objects each object has a query.
      expect(queries.length).toBe(2);
      for (const layer of queries) {
        expect(new Set(layer).size).toBe(objects.length);
        expect(layer.every((query) => query >= 0 && query < 8)).toBe(true);
      }
    }
  });

  it('reports an evaluation before its step, and writes its logs every few seconds', async () => {
    const config = smallConfig({ 'length.count': 3, 'evaluation.every': 100, 'checkpoint.every': 100 });
    const told: string[] = [];
    const written: number[] = [];
    let clock = 0;
    const now = vi.spyOn(performance, 'now').mockImplementation(() => (clock += 3000));
    await run('told', config, {
      events: {
        step: ({ step }) => {
          told.push(`step ${step}`);
          written.push(linesOf('told').length);
        },
        evaluation: ({ step }) => void told.push(`evaluation ${step}`),
      },
    });
    now.mockRestore();
    expect(told).toEqual(['step 1', 'step 2', 'evaluation 3', 'step 3']);
    expect(written.slice(0, 2)).toEqual([0, 1]);
  });

  it('writes the same checkpoint once', async () => {
    const config = smallConfig({ 'length.count': 3, 'checkpoint.every': 3 });
    const { last } = filesOf('once');
    const renamed = vi.spyOn(fs, 'renameSync');
    syncBuiltinESMExports();
    await run('once', config);
    await run('once', config);
    const saved = renamed.mock.calls.filter(([, to]) => to === last);
    renamed.mockRestore();
    syncBuiltinESMExports();
    expect(saved).toHaveLength(1);
  });

  it('can be resumed with other settings if they do not affect the results', async () => {
    const config = smallConfig({ 'length.count': 3 });
    await run('rarely', config, { stopAfter: 2 });
    const changed = smallConfig({ 'length.count': 3, 'checkpoint.every': 50, 'data.cacheMiB': 1 });
    expect(await run('rarely', changed)).toMatchObject({ step: 3, finished: true });
  });

  it('stores a configuration from which it can be repeated', async () => {
    await run('first', smallConfig({ 'length.count': 4 }));
    const stored = readJson<{ config: RunConfig }>(filesOf('first').config);
    await run('again', stored.config);
    expect(linesOf('again')).toEqual(linesOf('first'));
  });

  it('that was started from a checkpoint continues from it', async () => {
    const config = smallConfig({ 'length.count': 3 });
    const sourceConfig = smallConfig({ 'length.count': 1, seed: 1 });
    await run('source', sourceConfig);
    const file = filesOf('source').last;
    const started = { ...config, init: { file } };
    await run('whole', started);
    const stored = readJson<StoredConfig>(filesOf('whole').config);
    expect(stored.config.init).toEqual({ file, hash: expect.stringMatching(/^[0-9a-f]{64}$/) });
    // The state that a process leaves if it was killed before its first checkpoint.
    await run('killed', started, { stopAfter: 1 });
    rmSync(filesOf('killed').last);
    await run('killed', stored.config);
    expect(linesOf('killed')).toEqual(linesOf('whole'));
    await expect(run('killed', { ...config, init: { file: 'other.safetensors' } })).rejects.toThrow(
      /was started from .*source.*last.safetensors, not from .*other.safetensors/,
    );
    await expect(run('killed', config)).rejects.toThrow(/was started from .*, not from its seed's weights/);
    await expect(run('source', { ...sourceConfig, init: { file } })).rejects.toThrow(
      /was started from its seed's weights, not from/,
    );
    writeFileSync(file, readFileSync(filesOf('whole').last));
    await expect(run('other', stored.config)).rejects.toThrow(/is not the file to start from/);
    // A run with its own checkpoint no longer needs the file.
    rmSync(file);
    await run('whole', { ...stored.config, length: { unit: 'steps', count: 3 } });
  });

  it('with frozen stages needs weights for them, and says so before it begins', async () => {
    const frozen = smallConfig({ 'model.backbone': { kind: 'resnet', depth: 18, trainStages: 4 }, 'length.count': 1 });
    await expect(run('frozen', frozen)).rejects.toThrow(
      /^backbone\.0\.body\.conv1\.weight would stay at random values.*init/,
    );
    expect(existsSync(filesOf('frozen').config)).toBe(false);
  });

  it('of a model without denoising has no known queries', async () => {
    await run('plain', smallConfig({ 'denoising.groups': 0, 'length.count': 2 }));
    const [line] = linesOf('plain');
    expect(line?.knownQueries).toBe(0);
    expect(Object.keys(line ?? {}).filter((name) => name.startsWith('tgt_'))).toEqual([]);
  });
});

describe('a run is refused', () => {
  it('in a folder that holds one, unless it is to be resumed', async () => {
    await run('here', smallConfig({ 'length.count': 1 }));
    await expect(run('here', smallConfig({ 'length.count': 1 }), { resume: false })).rejects.toThrow(
      /holds a run already: resume it, or name another folder/,
    );
    await expect(run('here', smallConfig({ 'length.count': 1, batchSize: 2 }))).rejects.toThrow(
      /other settings: batchSize \(was 4, is 2\)/,
    );
  });

  it('in a folder where another one is in progress', async () => {
    const controller = new AbortController();
    let other: Promise<unknown> | undefined;
    // The first run continues until the second one has its answer.
    const step = () => {
      other ??= run('twice', smallConfig(), { resume: false })
        .catch((error) => error)
        .finally(() => controller.abort());
    };
    const config = smallConfig({ 'length.count': 1000 });
    expect(await run('twice', config, { events: { step }, signal: controller.signal })).toMatchObject({
      finished: false,
    });
    expect(await other).toMatchObject({ message: expect.stringMatching(/is being trained by another process/) });
  });

  it('on data that have changed', async () => {
    await run('here', smallConfig({ 'length.count': 1 }));
    const { config } = filesOf('here');
    writeFileSync(config, readFileSync(config, 'utf8').replace(/"hash": "./, '"hash": "x'));
    await expect(run('here', smallConfig({ 'length.count': 1 }))).rejects.toThrow('has changed since the run');
  });

  it('on images that were decoded differently, whether this version or the first one stored it', async () => {
    const source = path.join(root, 'data');
    await exportCoco(shapesDataset(smallConfig().data.shapes), source);
    const config = smallConfig({ 'length.count': 1, 'data.source': source });
    await run('here', config);
    await run('here', config);
    const { config: file } = filesOf('here');
    const stored = readJson<StoredConfig>(file);
    const { decoding, ...data } = stored.data;
    expect(decoding).toBe(decodingVersion);
    const { bands, maxPixels, ...settings } = stored.config.data;
    const first = {
      ...stored,
      config: { ...stored.config, data: settings },
      data: { ...data, hash: 'dd22584d3fc27744' },
    };
    for (const [before, version] of [
      [first, 1],
      [{ ...stored, data: { ...stored.data, decoding: 1000 } }, 1000],
    ] as const) {
      writeFileSync(file, JSON.stringify(before));
      await expect(run('here', config)).rejects.toThrow(
        `are decoded differently now (version ${decodingVersion}) than when the run in ${filesOf('here').path} was ` +
          `started (version ${version})`,
      );
    }
  });

  it('with sizes that no model can have', async () => {
    await expect(run('wrong', smallConfig({ 'model.heads': 3 }))).rejects.toThrow(
      'model.width is 16 with 3 heads: expected a multiple of 4 and of the heads',
    );
    const odd = smallConfig({ 'model.backbone': { kind: 'tiny', channels: [4] } });
    await expect(run('wrong', odd)).rejects.toThrow(/^model.backbone: .*each a multiple of 8 in channels, got \[4\]/);
  });
});

describe('a run that diverges', () => {
  it('stops, says where the divergence began, and keeps the last good checkpoint', async () => {
    const config = smallConfig({ 'length.count': 40, 'checkpoint.every': 1 });
    await run('wild', config, { stopAfter: 2 });
    // Weights that exceed float32's range after the next step.
    const { config: file } = filesOf('wild');
    const wild = smallConfig({ 'length.count': 40, 'checkpoint.every': 1, 'optimizer.learningRate': 1e38 });
    writeFileSync(file, JSON.stringify({ ...readJson<object>(file), config: wild }));
    await expect(run('wild', wild)).rejects.toThrow(
      /training stopped at step \d+: .*(is (NaN|-?Infinity)|no longer finite)[\s\S]*learningRate/,
    );
    const { step, images, problem } = readJson<{ step: number; images: string[]; problem: string }>(
      filesOf('wild').diverged,
    );
    expect(images).toHaveLength(4);
    expect(problem).toMatch(/NaN|Infinity|no longer finite/);
    const { metadata } = readSafetensors(readFileSync(filesOf('wild').last));
    expect(JSON.parse(metadata.counters as string).step).toBeLessThan(step);
    for (const [name, values] of Object.entries(tensorsOf(filesOf('wild').last))) {
      expect(values.every(Number.isFinite), name).toBe(true);
    }
  });

  it('in an evaluation is reported in the same way', async () => {
    const config = smallConfig({ 'optimizer.learningRate': 1e30, 'schedule.warmUp': 0, 'evaluation.every': 1 });
    await expect(run('blind', config)).rejects.toThrow(
      /^training stopped at step 1: .*is (NaN|-?Infinity).*there is no/,
    );
    expect(readJson<{ step: number }>(filesOf('blind').diverged).step).toBe(1);
  });
});
