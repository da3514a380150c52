import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { initialParameters } from '@dn-detr/core';
import { smallBackend, smallConfig } from '@dn-detr/testing/small-run';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { saveWeights } from './checkpoint.ts';
import type { DottedValues } from './config/dotted-keys.ts';
import { buildModel } from './models/model.ts';
import { startValues } from './start-values.ts';

let root: string;
beforeAll(async () => {
  await smallBackend();
});
beforeEach(() => {
  root = mkdtempSync(path.join(os.tmpdir(), 'dn-detr-start-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const shapes = ['disc', 'square'];

/** Writes a checkpoint with these settings and classes, as a run does. */
async function checkpoint(values: DottedValues, classes = shapes): Promise<string> {
  const config = smallConfig(values);
  const model = buildModel(config, classes.length);
  const weights = initialParameters(model.detector.parameters, 7);
  const file = path.join(root, 'start.safetensors');
  await saveWeights(file, model, weights, { config, categories: classes.map((name, id) => ({ id, name })) });
  tf.dispose(weights);
  return file;
}

/** The start values that a model with these settings takes from the checkpoint. */
function start(file: string, values: DottedValues, classes = shapes) {
  const { parameters, ...said } = startValues(file, buildModel(smallConfig(values), classes.length), classes);
  tf.dispose(parameters);
  return { ...said, taken: Object.keys(parameters) };
}

describe('start values', () => {
  it('are all parameters that another model has in the same shape', async () => {
    const { taken, skipped, notices } = start(await checkpoint({}), { 'model.name': 'detr' });
    expect(taken).toContain('input_proj.weight');
    expect(taken.filter((name) => name.startsWith('transformer.encoder')).length).toBeGreaterThan(5);
    expect(skipped.drawn).toContain('query_embed.weight');
    expect(skipped.unused).toEqual(expect.arrayContaining(['refpoint_embed.weight', 'label_enc.weight']));
    expect(taken.some((name) => skipped.drawn.includes(name))).toBe(false);
    expect(notices.join('\n')).toMatch(
      /^start from .*start.safetensors \(weights of DAB-DETR or DN-DETR\): \d+ of \d+ parameters, \d\d % of the model's/,
    );
  });

  it('leave out parameters for other classes, although they fit', async () => {
    const file = await checkpoint({}, ['ring', 'star']);
    const { skipped, notices } = start(file, {});
    const ofClasses = ['class_embed.weight', 'class_embed.bias', 'label_enc.weight'];
    expect([...skipped.drawn].sort()).toEqual([...ofClasses].sort());
    expect(skipped.unused).toEqual([]);
    expect(notices.at(-1)).toBe('  for other classes: class_embed (2), label_enc.weight');
    expect(start(file, {}, ['ring', 'star']).skipped).toEqual({ drawn: [], unused: [] });
    expect(start(file, {}, ['star', 'ring']).skipped.drawn).toHaveLength(3);
  });

  it('list in a few lines what does not fit', async () => {
    const file = await checkpoint({});
    const few = start(file, { 'model.queries': 9 });
    expect(few.skipped.drawn).toEqual(['refpoint_embed.weight']);
    expect(few.notices.at(-1)).toBe('  of another shape in the file: refpoint_embed.weight [8, 4], expected [9, 4]');
    const other = start(file, { 'model.backbone': { kind: 'tiny', channels: [24, 32, 48] }, 'model.width': 32 });
    expect(other.notices.length).toBeLessThan(6);
    expect(other.notices.join('\n').length).toBeLessThan(800);
    expect(other.notices.join('\n')).toMatch(/ {2}of another shape in the file: .*transformer.encoder \(\d+\)/);
    expect(other.skipped.drawn.length).toBeGreaterThan(40);
  });

  it('are rejected if nothing fits', async () => {
    const file = await checkpoint({ 'model.name': 'detr' });
    const model = buildModel(smallConfig({ 'model.width': 32 }), 2);
    const only = {
      ...model,
      detector: { ...model.detector, parameters: [{ name: 'other', shape: [3], group: 'rest' }] },
    };
    expect(() => startValues(file, only as never, shapes)).toThrow(
      /nothing for the model: none of its \d+ tensors has/,
    );
  });
});
