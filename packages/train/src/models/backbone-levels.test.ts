import { smallConfig } from '@dn-detr/testing/small-run';
import { expect, it } from 'vitest';
import { catalog } from '../catalog.ts';
import { buildModel } from './model.ts';
import type { ModelSpec } from './model-spec.ts';

it('a configuration names the levels of a backbone, for models that take several', () => {
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
});

it('a configuration names the level that a model takes, by default the last', () => {
  const backbone = { kind: 'resnet', depth: 18 };
  const lastStage = (level: Readonly<Record<string, number>>) => {
    const config = smallConfig({ 'model.name': 'dab-detr', 'model.backbone': backbone, ...level });
    const names = buildModel(config, 2).detector.parameters.map(({ name }) => name);
    return names.findLast((name) => name.startsWith('backbone.'))?.split('.')[3];
  };
  expect(lastStage({})).toBe('layer4');
  expect(lastStage({ 'model.level': 16 })).toBe('layer3');
  expect(() => lastStage({ 'model.level': 4 })).toThrow(
    'model.level is 4: expected a stride that the backbone has features at (8, 16, 32)',
  );
});

it.each([[18], [50, true]])(
  'earlier levels change nothing for single-level models: depth %s',
  (depth, dilation = false) => {
    const build = (levels: object) =>
      buildModel(smallConfig({ 'model.backbone': { kind: 'resnet', depth, dilation, ...levels } }), 2).detector;
    // The value in configurations from before several levels were the default.
    const [before, now] = [build({ levels: ['layer4'] }), build({})];
    // JSON leaves out functions, which draw the initial values in the order of the parameters.
    expect(JSON.stringify(now.parameters)).toBe(JSON.stringify(before.parameters));
    expect(now.backbone.levels).toEqual(before.backbone.levels);
  },
);

it('EfficientNet-Lite ends with the level that a model takes', () => {
  const backbone = { kind: 'efficientnet-lite', trainStages: 3 };
  const config = smallConfig({ 'model.backbone': backbone, 'model.level': 16 });
  const { detector, trained, frozen } = buildModel(config, 2);
  const blocks = detector.parameters.flatMap(({ name }) => /^_blocks\.(\d+)\./.exec(name)?.[1] ?? []);
  expect(blocks.at(-1)).toBe('10');
  const nameOf = ({ name }: { readonly name: string }) => name;
  expect(trained.parameters.map(nameOf)).toContain('_blocks.8._bn1.weight');
  expect(frozen.parameters.map(nameOf)).toContain('_blocks.8._bn1.running_mean');
  expect(() => smallConfig({ 'model.backbone': { ...backbone, trainStages: 9 } })).toThrow('trainStages');
});

it('rejects trained stages that come after the level that a model takes', () => {
  const build = (model: string, backbone: object, at: object) =>
    buildModel(smallConfig({ 'model.name': model, 'model.width': 32, 'model.backbone': backbone, ...at }), 2);
  const lite = (trainStages: number) => ({ kind: 'efficientnet-lite', trainStages });
  const resnet = (trainStages: number) => ({ kind: 'resnet', depth: 18, trainStages });
  const isTrained = ({ group }: { readonly group: string }) => group !== 'frozen';
  for (const [model, at] of [
    ['dn-detr', { 'model.level': 16 }],
    ['dn-deformable-detr', { 'model.strides': [16] }],
  ] as const) {
    for (const backbone of [lite(2), resnet(1)]) {
      expect(() => build(model, backbone, at)).toThrow(
        'model.backbone.trainStages asks for stages that come after the last level that the model takes (model.level or',
      );
    }
    for (const backbone of [lite(3), resnet(2)]) {
      expect(build(model, backbone, at).detector.backbone.parameters.some(isTrained)).toBe(true);
    }
    expect(build(model, lite(0), at).detector.backbone.parameters.some(isTrained)).toBe(false);
  }
});
