import { describe, expect, it } from 'vitest';
import { catalog } from '../catalog.ts';
import { buildModel } from '../models/model.ts';
import { smallConfig, smallSettings } from '../testing/small-run.ts';
import { UserError } from '../user-error.ts';
import { type DottedValues, dottedKeys, flatValues } from './dotted-keys.ts';
import { modelsWith, resolveSettings, withChanges } from './run-settings.ts';

const names = catalog.models.map(({ name }) => name);
/** Of a width that does for all models. */
const configOf = (model: string, values: DottedValues = {}) =>
  smallConfig({ 'model.name': model, 'model.width': 32, ...values });
const keysOf = (model: string) => dottedKeys(configOf(model));
const allKeys = [...new Set(names.flatMap(keysOf))];

describe('a model has', () => {
  it('no settings of parts that are not its own', () => {
    const lacking = (model: string) => {
      const own = keysOf(model);
      return allKeys.filter((key) => !own.includes(key) && !/^(?:denoising|objective)\b/.test(key)).sort();
    };
    const ofAnchors = ['activation', 'keepQueryPosition', 'patterns', 'temperature'];
    const ofLevels = ['featureLevels', 'points', 'strides'];
    const ofDeformable = ['boxRefinement', 'twoStage'];
    const rest = (...keys: string[]) => keys.map((key) => `model.${key}`).sort();
    expect(lacking('detr')).toEqual(rest(...ofAnchors, ...ofLevels, ...ofDeformable, 'indicator'));
    expect(lacking('dn-detr-vanilla')).toEqual(lacking('detr'));
    expect(lacking('dab-detr')).toEqual(rest(...ofLevels, ...ofDeformable, 'indicator', 'preNorm'));
    expect(lacking('dn-detr')).toEqual(rest(...ofLevels, ...ofDeformable, 'preNorm'));
    expect(lacking('deformable-detr')).toEqual(rest(...ofAnchors, 'indicator', 'level', 'preNorm'));
  });

  it.each(names)('settings of denoising only where %s can be trained with it', (model) => {
    const config = configOf(model);
    expect(config.denoising !== undefined).toBe(buildModel(config, 2).denoises);
  });

  it.each(names)('random numbers to be trained with only where %s drops', (model) => {
    const drops = (values: DottedValues) => buildModel(configOf(model, values), 2).drops;
    expect(drops({ 'model.dropout': 0.1 })).toBe(true);
    expect(drops({ 'model.dropout': 0 })).toBe(false);
  });

  it('to be one of the catalogue, and so has its backbone', () => {
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
    const others = names.filter((name) => !['detr', 'dn-detr-vanilla'].includes(name));
    expect(modelsWith('objective.loss.gamma', smallSettings)).toEqual(others);
    expect(modelsWith('objective.detections', smallSettings)).toEqual(others);
  });
});

describe.each(names)('%s', (model) => {
  const shapes = (values: DottedValues) =>
    buildModel(configOf(model, values), 2).detector.parameters.map(({ name, shape }) => `${name} ${shape}`);

  it.each([
    ['model.activation', 'relu'],
    ['model.patterns', 2],
    ['model.indicator', false],
    ['model.preNorm', true],
  ])('is another with another %s if that is its own', (key, value) => {
    const differs = `${shapes({ [key]: value })}` !== `${shapes({})}`;
    expect(differs).toBe(keysOf(model).includes(key));
  });

  it('leaves settings of other models unused, and says so', () => {
    const values = { ...flatValues(configOf('detr')), ...flatValues(smallConfig()) };
    const { config, unused } = resolveSettings(withChanges(smallSettings, { ...values, 'model.name': model }));
    expect(new Set([...dottedKeys(config), ...unused])).toEqual(
      new Set([...dottedKeys(config), ...Object.keys(values)]),
    );
    expect(unused.filter((key) => keysOf(model).includes(key))).toEqual([]);
  });
});
