import { folderName } from '@dn-detr/report';
import { smallConfig, smallSettings } from '@dn-detr/testing/small-run';
import { describe, expect, it } from 'vitest';
import { contenders } from './contender.ts';

const configs = (...names: string[]) => contenders(names, smallSettings).map(({ config }) => config);

describe('a contender', () => {
  it('has the shared settings and its own', () => {
    const [plain, own] = configs('dab-detr', 'dn-detr+denoising.groups=0+batchSize=2');
    expect(plain).toEqual(smallConfig({ 'model.name': 'dab-detr' }));
    expect(own).toEqual(smallConfig({ 'denoising.groups': 0, batchSize: 2 }));
  });

  it.each([
    [
      'dab-detr+denoising.groups=0',
      /denoising.groups is not used by dab-detr, only by dn-detr-vanilla, dn-detr, dn-deformable-detr and dino$/,
    ],
    ['detr+model.indicator=false', /model.indicator is not used by detr, only by dn-detr and dn-deformable-detr$/],
    ['dn-detr+model.preNorm=true', /model.preNorm is not used by dn-detr, only by detr and dn-detr-vanilla$/],
    ['dn-detr+seed=3', /dn-detr\+seed=3: the seed cannot be set for a single model: all are trained/],
    [
      'dn-detr+data.shapes.train=7',
      /data.shapes.train changes the data, .* for all runs with --set data.shapes.train=7$/,
    ],
    ['dn-detr+data.maxPixels=7', /data.maxPixels changes the data, .* with --set data.maxPixels=7$/],
    ['dn-detr+data.bands=[0,1,2]', /data.bands/],
    ['dn-detr+model.heads=3', /dn-detr\+model.heads=3: model\..*heads/],
    ['dn-detr+model.queries=twelve', /^dn-detr\+model.queries=twelve: set: model.queries is "twelve": expected number/],
    ['dab-detr+denoising.gruops=0', /there is no setting 'denoising.gruops': did you mean denoising.groups/],
  ])('is refused if one of its settings is not valid for it: %s', (name, message) => {
    expect(() => configs(name)).toThrow(message);
  });

  it('may name a deleted file for existing runs, but not have frozen stages without weights', () => {
    const [config] = configs('dn-detr+init={"file":"/nowhere/gone.safetensors"}');
    expect(config?.init).toEqual({ file: '/nowhere/gone.safetensors' });
    expect(() => configs('dn-detr+model.backbone={"kind":"resnet","depth":18}')).toThrow(
      /backbone\.0\.body\.conv1\.weight.* would stay at random values/,
    );
  });

  it('is refused if it equals another one', () => {
    const groups = smallConfig().denoising?.groups;
    expect(() => configs('dn-detr', `dn-detr+denoising.groups=${groups}`)).toThrow(
      `dn-detr and dn-detr+denoising.groups=${groups} have the same settings`,
    );
  });
});

it('gives different folders to long names, with names that are not too long', () => {
  const chain = 'dn-detr+optimizer.learningRate=0.0001+denoising.labelNoise=0.2'.repeat(5);
  const folders = [`${chain}+seed=1`, `${chain}+seed=2`, '無'.repeat(100), `${'無'.repeat(100)}し`].map(folderName);
  expect(new Set(folders).size).toBe(4);
  for (const folder of folders) expect(Buffer.byteLength(folder)).toBeLessThanOrEqual(255);
  expect(folders[0]).toMatch(/^dn-detr_optimizer.learningRate=0.0001_.*-[0-9a-f]{12}$/);
});

it.each([
  ['both, no mask', 'both_no_mask'],
  ['dn-detr+denoising.groups=0', 'dn-detr_denoising.groups=0'],
  ['../x', '.._x'],
  ['мало', 'мало'],
  ['無し', '無し'],
  ['कम', 'कम'],
])('the folder of %j is %j', (name, folder) => expect(folderName(name)).toBe(folder));
