import { describe, expect, it } from 'vitest';
import { buildModel } from '../model.ts';
import { smallConfig } from '../testing/small-run.ts';
import { isIgnored } from './ignored-settings.ts';
import { dottedKeys, flatValues } from './overrides.ts';
import { type ModelName, modelNames } from './schema.ts';

const ignoredBy = (model: ModelName) =>
  Object.keys(flatValues(smallConfig())).filter((key) => isIgnored(model, key) && !key.startsWith('denoising.'));

it('are those of parts that a model does not have', () => {
  const anchored = ['model.activation', 'model.patterns', 'model.temperature', 'model.keepQueryPosition'];
  const ofDetr = [...anchored, 'model.indicator', 'evaluation.detections'].sort();
  expect(ignoredBy('detr').sort()).toEqual(ofDetr);
  expect(ignoredBy('dn-detr-vanilla').sort()).toEqual(ofDetr);
  expect(ignoredBy('dab-detr').sort()).toEqual(['model.indicator', 'model.preNorm']);
  expect(ignoredBy('dn-detr')).toEqual(['model.preNorm']);
});

it.each(modelNames)('are those of denoising unless %s denoises', (model) => {
  const keys = ['denoising', ...dottedKeys(smallConfig()).filter((key) => key.startsWith('denoising.'))];
  const { denoises } = buildModel(smallConfig({ 'model.name': model }), 2);
  for (const key of keys) expect(isIgnored(model, key), key).toBe(!denoises);
  expect(isIgnored(model, 'model')).toBe(false);
});

describe.each(modelNames)('the parameters of %s', (model) => {
  const shapes = (values: object) =>
    buildModel(smallConfig({ 'model.name': model, ...values }), 2).detector.parameters.map(
      ({ name, shape }) => `${name} ${shape}`,
    );
  it.each([
    ['model.activation', 'relu'],
    ['model.patterns', 2],
    ['model.indicator', false],
    ['model.preNorm', true],
  ])('are others with another %s if it counts', (key, value) => {
    const differs = `${shapes({ [key]: value })}` !== `${shapes({})}`;
    expect(differs).toBe(!isIgnored(model, key));
  });
});
