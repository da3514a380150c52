/** Runs that start from pretrained weights of a small backbone, which real pip fetches from a folder. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { initialParameters } from '@dn-detr/core';
import { readSafetensors } from '@dn-detr/core/weights';
import type { BackendChoice } from '@dn-detr/runtime';
import { smallBackend, smallConfig, smallSettings } from '@dn-detr/testing/small-run';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { type Catalog, catalog } from '../catalog.ts';
import { saveWeights } from '../checkpoint.ts';
import { resolveSettings, withChanges } from '../config/run-settings.ts';
import { dryRun } from '../dry-run.ts';
import { readJson } from '../json-files.ts';
import { buildModel } from '../models/model.ts';
import { runFolder } from '../run-folder.ts';
import { type RunResult, runTraining, type StartOptions } from '../start.ts';
import type { StoredConfig } from '../stored-config.ts';
import { frozenTiny } from '../testing/frozen-tiny.ts';
import { smallWheel } from '../testing/small-wheel.ts';
import type { PretrainedWeights } from './pretrained-weights.ts';

const scratch = mkdtempSync(path.join(os.tmpdir(), 'dn-detr-pretrained-'));
const index = path.join(scratch, 'index');
const original = path.join(scratch, 'small.safetensors');
let backend: BackendChoice;
let weights: PretrainedWeights;
beforeAll(async () => {
  backend = await smallBackend();
  const config = smallConfig();
  const model = buildModel(config, 2);
  const values = initialParameters(model.detector.parameters, 7);
  await saveWeights(original, model, values, { config, categories: [] });
  tf.dispose(values);
  weights = smallWheel(original, index);
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

let root: string;
beforeEach(() => {
  root = mkdtempSync(path.join(scratch, 'run-'));
  vi.stubEnv('XDG_CACHE_HOME', path.join(root, 'cache'));
  vi.stubEnv('PIP_NO_INDEX', '1');
  vi.stubEnv('PIP_FIND_LINKS', pathToFileURL(index).href);
});
afterEach(() => vi.unstubAllEnvs());

/** A configuration whose backbone has pretrained weights. */
const withWeights = (channels?: readonly number[]): Catalog => ({
  ...catalog,
  backbones: [{ ...frozenTiny(channels), pretrained: () => weights }],
});

const configOf = (values = {}, from = withWeights()) =>
  resolveSettings(withChanges(smallSettings, { 'length.count': 4, 'checkpoint.every': 2, ...values }), from).config;

function run(name: string, options: Partial<StartOptions> & { stopAfter?: number } = {}): Promise<RunResult> {
  const controller = new AbortController();
  return runTraining({
    config: configOf(),
    folder: path.join(root, name),
    resume: true,
    backend,
    catalog: withWeights(),
    say: () => {},
    signal: controller.signal,
    events: {
      step: ({ step }) => {
        if (step === options.stopAfter) controller.abort();
      },
    },
    ...options,
  });
}

const filesOf = (name: string) => runFolder(path.join(root, name));
const tensorsOf = (file: string) =>
  Object.fromEntries([...readSafetensors(readFileSync(file)).tensors].map(([name, { data }]) => [name, [...data]]));
const first = 'backbone.body.0.weight';

it('downloads them, uses only those of the backbone, and records what they are', async () => {
  const said: string[] = [];
  await run('one', { say: (text) => said.push(text) });
  expect(said).toEqual([
    'the backbone starts from the weights small (CC0-1.0; drawn by a test), all other parameters are random, drawn with the seed',
  ]);
  const stored = readJson<StoredConfig>(filesOf('one').config);
  expect(stored.config.init).toBe('pretrained');
  const { name, sha256, licence, origin } = weights;
  expect(stored.pretrained).toEqual({ name, file: 'small.safetensors', sha256, licence, origin });
  expect(stored).not.toHaveProperty('initSkipped');
  const [given, kept] = [tensorsOf(original), tensorsOf(filesOf('one').last)];
  expect(kept[first]?.length).toBeGreaterThan(0);
  expect(kept[first]).toEqual(given[first]);
  expect(kept['query_embed.weight']).toBeUndefined();
  expect(kept['input_proj.weight']).not.toEqual(given['input_proj.weight']);
  expect(await dryRun(configOf(), { catalog: withWeights() })).toMatchObject({ pretrained: stored.pretrained });
});

it('is resumed without the file once it has a checkpoint, to the last bit', async () => {
  await run('whole');
  await run('parts', { stopAfter: 2 });
  rmSync(path.join(root, 'cache'), { recursive: true });
  vi.stubEnv('PIP_FIND_LINKS', pathToFileURL(path.join(scratch, 'nothing')).href);
  expect(await run('parts')).toMatchObject({ step: 4, finished: true });
  expect(tensorsOf(filesOf('parts').last)).toEqual(tensorsOf(filesOf('whole').last));
});

it('is not resumed as one that was started differently', async () => {
  await run('one', { stopAfter: 1 });
  await expect(run('one', { config: configOf({ init: { file: original } }) })).rejects.toThrow(
    /was started from pretrained weights, not from .*small.safetensors/,
  );
  await expect(run('one', { config: configOf({ init: 'none' }) })).rejects.toThrow(
    "was started from pretrained weights, not from its seed's weights",
  );
});

it('does not begin if they cannot be downloaded', async () => {
  vi.stubEnv('PIP_FIND_LINKS', pathToFileURL(path.join(scratch, 'nothing')).href);
  await expect(run('none')).rejects.toThrow(/^the pretrained weights small cannot be fetched: [\s\S]*--init FILE/);
  expect(existsSync(filesOf('none').config)).toBe(false);
});

it('rejects weights that lack a part of the backbone', async () => {
  const deeper = withWeights([8, 16, 32]);
  await expect(run('deep', { catalog: deeper })).rejects.toThrow(
    /^the pretrained weights small do not fit the backbone: .* has no backbone\.body\.6\.weight, .*\(3 of 9 parameters\)/,
  );
  expect(existsSync(filesOf('deep').config)).toBe(false);
});

it('can be started without them: frozen stages then need other weights', async () => {
  await expect(run('random', { config: configOf({ init: 'none' }) })).rejects.toThrow(/would stay at random values/);
});
