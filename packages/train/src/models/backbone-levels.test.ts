import { expect, it } from 'vitest';
import { catalog } from '../catalog.ts';
import { smallConfig } from '../testing/small-run.ts';
import { buildModel } from './model.ts';
import type { ModelSpec } from './model-spec.ts';

it('a configuration names the levels that a backbone hands out, for models that take several', () => {
  const seen: unknown[] = [];
  const [detr] = catalog.models as [ModelSpec];
  const watching: ModelSpec = {
    ...detr,
    build(_, { levels }) {
      seen.push(levels);
      throw new RangeError('heads is not of interest here');
    },
  };
  const config = smallConfig({
    'model.name': 'detr',
    'model.backbone': { kind: 'resnet', depth: 18, levels: ['layer2', 'layer3', 'layer4'] },
  });
  expect(() => buildModel(config, 2, { ...catalog, models: [watching] })).toThrow('model.heads is not of interest');
  const levels = [
    { channels: 128, stride: 8 },
    { channels: 256, stride: 16 },
    { channels: 512, stride: 32 },
  ];
  expect(seen).toEqual([levels]);
  expect(() => buildModel(config, 2)).toThrow('model.backbone hands out 3 levels of features: detr takes exactly one');
});
