import { denoisingDefaults } from '@dn-detr/dn';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { catalog } from '../catalog.ts';
import { type DottedValues, dottedKeys, flatValues, parseAssignment, wholes } from './dotted-keys.ts';
import { modelsWith, resolveConfig, resolveSettings, runSettings, withChanges } from './run-settings.ts';
import type { RunConfig } from './schema.ts';

const config = resolveConfig({}, 'test');
const withOverrides = (stated: RunConfig, values: DottedValues): RunConfig =>
  resolveSettings(withChanges(runSettings(stated, 'test'), values)).config;

describe('an assignment', () => {
  it.each([
    ['seed=3', { seed: 3 }],
    ['optimizer.learningRate=1e-3', { 'optimizer.learningRate': 1e-3 }],
    ['optimizer.ema=.5', { 'optimizer.ema': 0.5 }],
    ['data.shapes.plain=true', { 'data.shapes.plain': true }],
    ['model.name=detr', { 'model.name': 'detr' }],
    ['schedule.drops=[0.5,0.8]', { 'schedule.drops': [0.5, 0.8] }],
    ['data.source=/some/path=with', { 'data.source': '/some/path=with' }],
  ])('%s', (text, expected) => expect(parseAssignment(text)).toEqual(expected));

  it('without a value is rejected', () => {
    expect(() => parseAssignment('seed')).toThrow("'seed' sets nothing: expected key=value");
    expect(() => parseAssignment('=3')).toThrow('expected key=value');
  });
});

describe('overrides', () => {
  it('replace only the settings that they name', () => {
    const changed = withOverrides(config, { 'denoising.groups': 0, 'optimizer.ema': 0.5 });
    const [before, after] = [flatValues(config), flatValues(changed)];
    const differing = Object.keys(after).filter((key) => JSON.stringify(after[key]) !== JSON.stringify(before[key]));
    expect(differing.sort()).toEqual(['denoising.groups', 'optimizer.ema']);
    expect(config.denoising?.groups).toBe(5);
  });

  it('suggest the nearest key for an unknown one', () => {
    expect(() => withOverrides(config, { 'optimizer.learnRate': 1 })).toThrow(
      "there is no setting 'optimizer.learnRate': did you mean optimizer.learningRate",
    );
    expect(() => withOverrides(config, { group: 1 })).toThrow('denoising.groups');
    expect(() => withOverrides(config, { 'seed.x': 1 })).toThrow("there is no setting 'seed.x'");
    expect(() => withOverrides(config, { '__proto__.x': 1 })).toThrow('there is no setting');
  });

  it.each([
    ['lr', 'optimizer.learningRate?'],
    ['optimizer.wd', 'optimizer.weightDecay?'],
    ['clip', 'optimizer.clipNorm?'],
    ['ema', 'optimizer.ema?'],
    ['groups', 'denoising.groups?'],
    ['batch', 'batchSize?'],
    ['layers', 'model.encoderLayers, or model.decoderLayers?'],
    ['epochs', 'length={"unit":"epochs","count":50}?'],
    ['modle.width', 'model.width, or data.canvas.width?'],
  ])('take %s for %s', (key, meant) => {
    const config = resolveConfig({}, 'test');
    expect(() => withOverrides(config, { [key]: 1 })).toThrow(`there is no setting '${key}': did you mean ${meant}`);
  });

  it.each([
    ['model.backbone.kind', 'tiny', 'model.backbone'],
    ['model.backbone.channels', [8], 'model.backbone'],
    ['data.canvas.multipleOf', 128, 'data.canvas'],
    ['data.augmentation.crop.least', 3, 'data.augmentation.crop'],
  ])('of a part of another kind give advice to set the complete group: %s', (key, value, group) => {
    expect(() => withOverrides(config, { [key]: value })).toThrow(
      `${key} belongs to another kind of ${group} than the current one: set all of ${group}, to {"`,
    );
    for (const example of (wholes[group] as string).split(' or ')) {
      const set = withOverrides(config, parseAssignment(`${group}=${example}`));
      expect(flatValues(withOverrides(set, { [group]: JSON.parse(example) }))).toEqual(flatValues(set));
    }
  });

  it('say what a value must be', () => {
    expect(() => withOverrides(config, { length: { unit: 'steps', count: 1.5 } })).toThrow(
      'length.count is 1.5: expected a whole number of steps',
    );
    expect(withOverrides(config, { length: { unit: 'epochs', count: 1.5 } }).length.count).toBe(1.5);
    expect(() => withOverrides(config, { optimizer: null })).toThrow('optimizer is null: expected object');
    expect(() => withOverrides(config, { 'denoising.groups': 'five' })).toThrow('denoising.groups is "five"');
    expect(() => withOverrides(config, { 'optimizer.clipNorm': 0 })).toThrow('optimizer.clipNorm is 0');
    expect(() => withOverrides(config, { 'model.name': 'yolo' })).toThrow('model.name is "yolo"');
    expect(() => withOverrides(config, { optimizer: 3 })).toThrow('set one of optimizer.learningRate');
  });

  it.each([
    ['batchSize', 0, 'at least 1'],
    ['batchSize', 1.5, 'a whole number'],
    ['optimizer.clipNorm', 0, 'more than 0'],
    ['data.augmentation.flip', 2, 'at most 1'],
    ['optimizer.ema', 1, 'less than 1'],
    ['data.shapes.classes', [], 'at least 1 element$'],
    ['length.unit', 'hours', '"steps" or "epochs" or "minutes"'],
    ['init', { file: '' }, 'at least 1 character$'],
    ['model.backbone', { kind: 'efficientnet-lite', variant: 3 }, '0 or 1 or 2'],
    ['model.backbone', { kind: 'efficientnet-lite', trainStages: 9 }, 'at most 8'],
  ])('say what %s may be instead of %j', (key, value, words) => {
    const refused = () => withOverrides(config, { [key]: value });
    expect(refused).toThrow(new RegExp(`^set: ${key}[a-zA-Z.]* is .*: expected ${words}`));
  });

  it('replace the complete backbone by one of another kind', () => {
    const { backbone } = withOverrides(config, { 'model.backbone': { kind: 'tiny', channels: [8] } }).model;
    expect(backbone).toEqual({ kind: 'tiny', channels: [8], norm: 'group', levels: 1 });
  });

  it('switch the kind of denoising, and keep the settings that both kinds have', () => {
    const set = withOverrides(config, { 'denoising.groups': 3, 'denoising.sizeNoise': 0.1 });
    const { centerNoise, sizeNoise, ...shared } = set.denoising as { centerNoise?: number; sizeNoise?: number };
    const switched = withOverrides(set, { 'denoising.kind': 'contrastive' });
    expect(switched.denoising).toEqual({ ...shared, kind: 'contrastive', groups: 3, boxNoise: 1 });
    expect(withOverrides(switched, { 'denoising.kind': 'dn' }).denoising).toEqual({
      ...set.denoising,
      centerNoise: 0.4,
      sizeNoise: 0.4,
    });
    expect(withOverrides(switched, { 'denoising.kind': 'contrastive' })).toEqual(switched);
    const whole = withOverrides(config, { denoising: { kind: 'contrastive' }, 'denoising.boxNoise': 0.5 });
    expect(whole.denoising).toEqual({ ...switched.denoising, groups: 5, boxNoise: 0.5 });
  });

  it('set the noise of another kind together with the kind, in either order', () => {
    for (const keys of [
      ['denoising.kind', 'denoising.boxNoise'],
      ['denoising.boxNoise', 'denoising.kind'],
    ]) {
      const values = Object.fromEntries(keys.map((key) => [key, key.endsWith('kind') ? 'contrastive' : 0.5]));
      expect(withOverrides(config, values).denoising).toMatchObject({ kind: 'contrastive', boxNoise: 0.5 });
    }
  });

  it('of contrastive denoising are unused by models without denoising', () => {
    const changes = { 'model.name': 'dab-detr', 'denoising.kind': 'contrastive', 'denoising.boxNoise': 0.5 };
    const { config: plain, unused } = resolveSettings(withChanges(runSettings({}, 'test'), changes));
    expect(plain.denoising).toBeUndefined();
    expect(unused).toEqual(['denoising.kind', 'denoising.boxNoise']);
    const stated = { denoising: { kind: 'contrastive', boxNoise: 0.5 }, model: { name: 'detr' } } as const;
    expect(resolveConfig(stated, 'recipe').denoising).toBeUndefined();
    const contrastive = catalog.models.filter((spec) => spec.denoising?.includes('contrastive'));
    expect(modelsWith('denoising.boxNoise', runSettings({}, 'test'))).toEqual(contrastive.map(({ name }) => name));
  });

  it.each([
    [
      { 'denoising.boxNoise': 1 },
      'denoising.boxNoise is a setting of denoising.kind=contrastive, and the kind is dn: set',
    ],
    [
      { 'denoising.kind': 'contrastive', 'denoising.sizeNoise': 1 },
      'and the kind is contrastive: set denoising.kind=dn',
    ],
    [{ denoising: { boxNoise: 1 } }, 'set: denoising.boxNoise is a setting of denoising.kind=contrastive'],
    [
      { denoising: { kind: 'contrastive', sizeNoise: 1 } },
      'set: denoising.sizeNoise is a setting of denoising.kind=dn',
    ],
    [{ 'denoising.kind': 'cdn' }, 'denoising.kind is "cdn": expected "dn" or "contrastive"'],
    [{ 'denoising.skip': 1 }, "there is no setting 'denoising.skip'"],
    [{ 'denoising.kind': 'contrastive', 'denoising.maxKnownQueries': 1 }, 'expected at least 2, for a positive query'],
  ])('of denoising that are wrong give advice on what to type: %j', (values, message) => {
    expect(() => withOverrides(config, values)).toThrow(message);
  });

  it('read a configuration from before there were kinds as one of dn', () => {
    const { kind: _, ...before } = config.denoising as { kind: 'dn' };
    expect(resolveConfig({ denoising: before }, 'stored')).toEqual(config);
    const mistaken = { denoising: { kind: 'contrastive', centerNoise: 1 } } as never;
    expect(() => resolveConfig(mistaken, 'stored')).toThrow('denoising.centerNoise is a setting of denoising.kind=dn');
  });

  it.each(['dn', 'contrastive'] as const)(
    'have all settings of the package dn except skip, with its defaults: %s',
    (kind) => {
      const { slotBucket, ...defaults } = denoisingDefaults[kind];
      const { slotBucket: _, ...settings } = withOverrides(config, { 'denoising.kind': kind }).denoising as {
        slotBucket: number;
      };
      expect({ ...settings, skip: [] }).toEqual(defaults);
    },
  );

  it('reach every setting by its dotted key', () => {
    fc.assert(
      fc.property(fc.constantFrom(...Object.entries(flatValues(config))), ([key, value]) => {
        expect(dottedKeys(config)).toContain(key);
        expect(withOverrides(config, { [key]: value })).toEqual(config);
      }),
    );
  });
});

it('suggests keys of the same group for one that is unknown in it', () => {
  expect(() => withOverrides(config, { 'objective.matching.focal': 1 })).toThrow(
    /did you mean objective\.matching\.\w+/,
  );
});

it('suggests the setting that may be meant where a configuration has one that does not exist', () => {
  expect(() => resolveConfig({ model: { widht: 16 } }, 'mine')).toThrow(
    'mine: there is no setting model.widht: did you mean model.width?',
  );
  expect(() => resolveConfig({ model: { backbone: { kind: 'swin' } } }, 'mine')).toThrow(
    'mine: model.backbone.kind is "swin": expected "tiny" or "resnet" or "efficientnet-lite"',
  );
});

describe('init', () => {
  const lite = { model: { backbone: { kind: 'efficientnet-lite' } } };
  const file = { file: 'weights.pth' };

  it.each([
    ['none if the backbone has no pretrained weights', {}, {}, 'none'],
    ['pretrained if it has some', lite, {}, 'pretrained'],
    ['what is stated', { ...lite, init: 'none' }, {}, 'none'],
    ['what is set', lite, { init: file }, file],
    [
      'the default of the backbone that is set, with weights',
      {},
      { 'model.backbone': lite.model.backbone },
      'pretrained',
    ],
    ['the default of the backbone that is set, without weights', lite, { 'model.backbone': { kind: 'tiny' } }, 'none'],
    ['what is set, rather than what is stated', { ...lite, init: 'none' }, { init: 'pretrained' }, 'pretrained'],
    ['pretrained instead of a file', { ...lite, init: file }, { init: 'pretrained' }, 'pretrained'],
  ] as const)('is %s', (_, stated, values, expected) => {
    const { config } = resolveSettings(withChanges(runSettings(stated, 'test'), values));
    expect(config.init).toEqual(expected);
    expect(resolveConfig(JSON.parse(JSON.stringify(config)), 'stored')).toEqual(config);
  });

  it('pretrained is rejected for a backbone without weights, naming the ones that have some', () => {
    const message =
      'init is "pretrained", but there are no pretrained weights for model.backbone resnet: there are ' +
      'weights of efficientnet-lite. Set init to a file with its weights, or to none';
    expect(() => resolveConfig({ init: 'pretrained' }, 'test')).toThrow(message);
    expect(() => withOverrides(config, { init: 'pretrained' })).toThrow(message);
    expect(() => withOverrides(config, { init: 'some' })).toThrow(
      'init is "some": expected none, pretrained, or the file',
    );
  });
});

it('names the field of a mistake, and the file or recipe that has it', () => {
  const mistaken = { optimiser: {}, model: { width: 'wide' } } as never;
  expect(() => resolveConfig(mistaken, 'recipe mine')).toThrow(
    /recipe mine: model\.width is "wide".*\nrecipe mine: there is no setting optimiser/,
  );
});
