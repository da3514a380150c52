/** ResNets with closed-form weights: what comes out of three stages, and the gradient of the image. */
import { type NamedTensors, type ResNet, type ResNetDepth, resnet } from '@dn-detr/core';
import { grad, mean, type Rank, slice, type Tensor, type Tensor4D, tensor, transpose } from '@tensorflow/tfjs-core';
import type { Check, Computed } from '../check.ts';
import type { Fixture } from '../fixture.ts';
import { formulaImage, formulaWeight, type Wave, waveOf, weightKind } from '../formula.ts';
import { take, withoutLeak } from '../gradients.ts';
import { arrayAt, countsAt, FixtureError, type JsonObject, numberAt, objectAt, stringAt } from '../json.ts';

export const resnetCheck: Check = {
  // `features` and `grad_image` are compared field by field, as `C3.sum` and so on.
  inputs: ['wave', 'arch', 'dc5', 'image_shape', 'noise_float32', 'features', 'grad_image'],
  cases: ({ cases }) => [...cases.keys()],
  run: (fixture, caseName) => withoutLeak(() => runCase(fixture, caseName)),
};

const depths: Readonly<Record<string, ResNetDepth>> = { resnet18: 18, resnet50: 50 };

function runCase(fixture: Fixture, caseName: string): Record<string, Computed> {
  const where = `cases.${caseName}`;
  const facts = objectAt(fixture.cases.get(caseName), where);
  const arch = stringAt(facts.arch, `${where}.arch`);
  const depth = depths[arch];
  if (depth === undefined) throw new FixtureError(`${where}.arch: unknown network '${arch}'`);
  const wave = waveOf(stringAt(facts.wave, `${where}.wave`), `${where}.wave`);
  // All stages trained: otherwise no gradient reaches the image.
  const network = resnet({ depth, dilation: facts.dc5 === true, trainStages: 5, prefix: '' });
  const weights = loadWeights(fixture, arch, network, wave);
  const shape = countsAt(facts.image_shape, `${where}.image_shape`);
  const size = shape.reduce((product, axis) => product * axis, 1);
  const images = transpose(tensor<Rank.R4>(formulaImage(wave, size), shape as Tensor4D['shape']), [0, 2, 3, 1]);

  const [, ...stages] = network.stages(weights, images);
  const outputs = stages.map((features, i) => {
    const name = `C${i + 3}`;
    const stored = objectAt(objectAt(facts.features, `${where}.features`)[name], `${where}.features.${name}`);
    return {
      ...summary(name, features, stored),
      [`${name}.corner`]: corner(features),
      [`${name}.channel_mean`]: take(mean(features, [0, 1, 2])),
    };
  });
  const gradient = grad((x: Tensor) => mean(network.forward(weights, x as Tensor4D)))(images) as Tensor4D;
  const stored = objectAt(facts.grad_image, `${where}.grad_image`);
  return Object.assign({}, ...outputs, {
    ...summary('grad_image', gradient, stored),
    'grad_image.corner': corner(gradient),
  });
}

function loadWeights({ json }: Fixture, arch: string, { parameters }: ResNet, wave: Wave): NamedTensors {
  const where = `state_dict.${arch}`;
  const kernels = new Set(parameters.filter(({ kernel }) => kernel).map(({ name }) => name));
  const entries = arrayAt(objectAt(json.state_dict, 'state_dict')[arch], where).map((value, i) => {
    const place = `${where}[${i}]`;
    const entry = objectAt(value, place);
    const name = stringAt(entry.name, `${place}.name`);
    const shape = countsAt(entry.shape, `${place}.shape`);
    const kind = weightKind(stringAt(entry.kind, `${place}.kind`), `${place}.kind`);
    const weight = tensor(formulaWeight({ name, shape, kind, wave }), shape);
    return [name, kernels.has(name) ? transpose(weight, [2, 3, 1, 0]) : weight];
  });
  return Object.fromEntries(entries);
}

/** The first channels and pixels of `[B, h, w, C]`, as `[B, C, h, w]`. */
function corner(x: Tensor4D): Computed {
  const [batch, height, width, channels] = x.shape;
  const sizes = [height, width, channels].map((length) => Math.min(length, 8)) as [number, number, number];
  return take(transpose(slice(x, [0, 0, 0, 0], [batch, ...sizes]), [0, 3, 1, 2]));
}

/** Shape, sums and extremes of `[B, h, w, C]`, against those in the json. */
function summary(name: string, x: Tensor4D, facts: JsonObject): Record<string, Computed> {
  const [batch, height, width, channels] = x.shape;
  const found = { sum: 0, abs_sum: 0, sq_sum: 0, min: Number.POSITIVE_INFINITY, max: Number.NEGATIVE_INFINITY };
  for (const value of x.dataSync<'float32'>()) {
    found.sum += value;
    found.abs_sum += Math.abs(value);
    found.sq_sum += value ** 2;
    found.min = Math.min(found.min, value);
    found.max = Math.max(found.max, value);
  }
  const shape = countsAt(facts.shape, `${name}.shape`);
  const figures = Object.entries(found).map(([key, value]): [string, Computed] => {
    const stored = numberAt(facts[key], `${name}.${key}`);
    return [`${name}.${key}`, { values: [value], expected: { values: [stored] } }];
  });
  return {
    [`${name}.shape`]: { values: [batch, channels, height, width], expected: { values: shape, exact: true } },
    ...Object.fromEntries(figures),
  };
}
