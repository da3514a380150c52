import { smallConfig, smallSettings } from '@dn-detr/testing/small-run';
import { describe, expect, it } from 'vitest';
import { catalog } from '../catalog.ts';
import { buildModel } from '../models/model.ts';
import { UserError } from '../user-error.ts';
import { dottedKeys, flatValues } from './dotted-keys.ts';
import { modelsWith, resolveSettings, withChanges } from './run-settings.ts';

const names = catalog.models.map(({ name }) => name);
// The group norms of models with deformable attention need a width divisible by 32.
const configOf = (model: string, values: object = {}) =>
  smallConfig({ 'model.name': model, 'model.width': 32, ...values });
const keysOf = (model: string) => dottedKeys(configOf(model));
const allKeys = [...new Set(names.flatMap(keysOf))];

describe('a model has', () => {
  it('no settings of parts that it does not have', () => {
    const ofModel = (key: string) => /^model\.(?!backbone\b)/.test(key);
    const common = ['name', 'width', 'heads', 'feedForward', 'encoderLayers', 'decoderLayers', 'queries', 'dropout'];
    const ofAnchors = ['level', 'activation', 'keepQueryPosition', 'patterns', 'temperature'];
    const ofLevels = ['strides', 'featureLevels', 'points'];
    const own: Record<string, readonly string[]> = {
      detr: ['level', 'preNorm'],
      'dn-detr-vanilla': ['level', 'preNorm'],
      'dab-detr': ofAnchors,
      'dn-detr': [...ofAnchors, 'indicator'],
      'deformable-detr': [...ofLevels, 'boxRefinement', 'twoStage'],
      'dn-deformable-detr': [...ofLevels, 'indicator'],
      dino: [...ofLevels, 'shareHeads', 'content', 'labelBook', 'learnedProposalSize'],
    };
    expect(Object.keys(own).sort()).toEqual(names.toSorted());
    for (const [model, keys] of Object.entries(own)) {
      const expected = [...common, ...keys].map((key) => `model.${key}`).sort();
      expect(keysOf(model).filter(ofModel).sort()).toEqual(expected);
      const others = allKeys.filter((key) => !keysOf(model).includes(key));
      expect(others.filter((key) => !ofModel(key) && !/^(?:denoising|objective)\b/.test(key))).toEqual([]);
    }
  });

  it.each(names)('settings of denoising only if %s can be trained with it', (model) => {
    const config = configOf(model);
    expect(config.denoising !== undefined).toBe(buildModel(config, 2).denoises);
  });

  it.each(names)('random numbers in training only if %s uses dropout', (model) => {
    const drops = (rate: number) => buildModel(configOf(model, { 'model.dropout': rate }), 2).drops;
    expect(drops(0.1)).toBe(true);
    expect(drops(0)).toBe(false);
  });

  it('to be in the catalogue, and so has its backbone', () => {
    const config = smallConfig();
    const other = { ...config.model, name: 'other' };
    expect(() => buildModel({ ...config, model: other }, 2)).toThrow(
      new UserError(`model.name is "other": expected one of ${names.join(', ')}`),
    );
    const onOther = { ...config.model, backbone: { kind: 'other' } };
    expect(() => buildModel({ ...config, model: onOther }, 2)).toThrow(
      new UserError('model.backbone.kind is "other": expected one of tiny, resnet, efficientnet-lite'),
    );
  });

  it('the settings of its objective', () => {
    expect(modelsWith('objective.loss.eosCoef', smallSettings)).toEqual(['detr', 'dn-detr-vanilla']);
    const sigmoid = names.filter((name) => !['detr', 'dn-detr-vanilla'].includes(name));
    expect(modelsWith('objective.loss.gamma', smallSettings)).toEqual(sigmoid);
    expect(modelsWith('objective.detections', smallSettings)).toEqual(sigmoid);
  });
});

describe.each(names)('%s', (model) => {
  const shapes = (values: object) =>
    buildModel(configOf(model, values), 2).detector.parameters.map(({ name, shape }) => `${name} ${shape}`);

  it.each([
    ['model.activation', 'relu'],
    ['model.patterns', 2],
    ['model.indicator', false],
    ['model.preNorm', true],
  ])('changes with %s if it has that setting', (key, value) => {
    const isOwn = keysOf(model).includes(key);
    // A setting that only other models have is rejected.
    if (!isOwn)
      expect(resolveSettings(withChanges(smallSettings, { 'model.name': model, [key]: value })).unused).toEqual([key]);
    expect(`${shapes({ [key]: value })}` !== `${shapes({})}`).toBe(isOwn);
  });

  it('leaves settings of other models unused, and says so', () => {
    const values = { ...flatValues(smallConfig({ 'model.name': 'detr' })), ...flatValues(smallConfig()) };
    const { config, unused } = resolveSettings(withChanges(smallSettings, { ...values, 'model.name': model }));
    expect(new Set([...dottedKeys(config), ...unused])).toEqual(
      new Set([...dottedKeys(config), ...Object.keys(values)]),
    );
    expect(unused.filter((key) => keysOf(model).includes(key))).toEqual([]);
  });
});
