import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { writeSafetensors } from '@dn-detr/core/weights';
import { smallConfig } from '@dn-detr/testing/small-run';
import { UserError } from '@dn-detr/train';
import { afterAll, describe, expect, it } from 'vitest';
import { readTrained } from './trained.ts';

const root = mkdtempSync(path.join(os.tmpdir(), 'dn-detr-trained-'));
afterAll(() => rmSync(root, { recursive: true }));

function checkpoint(name: string, metadata: Record<string, string>, values = [1, 2]): string {
  const file = path.join(root, name);
  const tensors = new Map([
    ['class_embed.weight', { dtype: 'F32', shape: [values.length], data: Float32Array.from(values) } as const],
  ]);
  writeFileSync(file, writeSafetensors(tensors, metadata));
  return file;
}

const about = (values = {}) => ({
  config: JSON.stringify(smallConfig(values)),
  categories: JSON.stringify([{ id: 1, name: 'disc' }]),
});

describe('readTrained', () => {
  it('has the model and classes of the checkpoint', () => {
    const { config, categories, notes } = readTrained(checkpoint('best.safetensors', about()));
    expect(config).toEqual(smallConfig());
    expect(categories).toEqual([{ id: 1, name: 'disc' }]);
    expect(notes).toEqual([]);
  });

  it('notes that the weights are not those that the run evaluated', () => {
    const inTraining = { counters: '{}' };
    const average = about({ 'optimizer.ema': 0.9 });
    expect(readTrained(checkpoint('plain.safetensors', { ...about(), ...inTraining })).notes).toEqual([]);
    expect(readTrained(checkpoint('average.safetensors', average)).notes).toEqual([]);
    expect(readTrained(checkpoint('last.safetensors', { ...average, ...inTraining })).notes).toEqual([
      expect.stringMatching(
        /last\.safetensors holds the weights as they were trained.* moving average.*best\.safetensors/,
      ),
    ]);
  });

  it('has the normalisation of images, if the file contains it', () => {
    const normalization = { mean: [0.5, 0.5, 0.4], std: [0.5, 0.5, 0.6] };
    const metadata = { ...about(), normalization: JSON.stringify(normalization) };
    expect(readTrained(checkpoint('new.safetensors', metadata)).normalization).toEqual(normalization);
    expect(readTrained(checkpoint('old.safetensors', about())).normalization).toBeUndefined();
    for (const wrong of ['{"mean":[0,0,0],"std":[1,1,0]}', '{"mean":[0,0,0]}', '[]']) {
      const file = checkpoint('wrong.safetensors', { ...about(), normalization: wrong });
      expect(() => readTrained(file)).toThrow(`the normalization in its metadata is ${wrong}: expected mean and std`);
    }
  });

  it.each<[string, Record<string, string>, RegExp]>([
    ['both', {}, /but does not describe their model: config and categories missing in its metadata/],
    ['the classes', { config: about().config }, /: categories missing in its metadata/],
    ['the configuration', { categories: about().categories }, /: config missing in its metadata/],
  ])('says that %s are missing', (_, metadata, message) => {
    const file = checkpoint('elsewhere.safetensors', metadata);
    expect(() => readTrained(file)).toThrow(UserError);
    expect(() => readTrained(file)).toThrow(message);
  });

  it('refuses metadata that is not JSON, unknown settings, and NaN', () => {
    const cut = checkpoint('cut.safetensors', { ...about(), config: '{"model"' });
    expect(() => readTrained(cut)).toThrow(/cut\.safetensors: the description of its model is not valid JSON/);
    const newer = checkpoint('newer.safetensors', { ...about(), config: '{"novelty": 1}' });
    expect(() => readTrained(newer)).toThrow(/newer\.safetensors: there is no setting novelty/);
    const broken = checkpoint('nan.safetensors', about(), [1, Number.NaN]);
    expect(() => readTrained(broken)).toThrow('class_embed.weight holds NaN, expected finite weights');
    expect(() => readTrained(path.join(root, 'none'))).toThrow(UserError);
  });
});
