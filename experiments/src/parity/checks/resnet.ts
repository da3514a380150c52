/** ResNets with closed-form weights: what comes out of three stages, and the gradient of the image. */
import { type Backbone, type NamedTensors, resnet } from '@dn-detr/core';
import { grad, mean, type Rank, slice, type Tensor, type Tensor4D, tensor, transpose } from '@tensorflow/tfjs-core';
import type { Check, Computed } from '../check.ts';
import { type Fixture, storedName } from '../fixture.ts';
import { formulaImage, formulaWeight, type Wave, type WeightKind, waveOf, weightKind } from '../formula.ts';
import { take, withoutLeak } from '../gradients.ts';
import { arrayAt, countsAt, FixtureError, type JsonObject, numberAt, objectAt, stringAt } from '../json.ts';
import { resnetSizesOf } from './resnet-sizes.ts';
import { storedShape } from './stored-shape.ts';

export const resnetCheck: Check = {
  // `features` and `grad_image` are compared field by field, as `C3.sum` and so on.
  inputs: ['wave', 'arch', 'dc5', 'image_shape', 'noise_float32', 'features', 'grad_image'],
  optional: ['*.corner', '*.channel_mean'],
  cases: ({ cases }) => [...cases.keys()],
  run: (fixture, caseName) => withoutLeak(() => runCase(fixture, caseName)),
};

function runCase(fixture: Fixture, caseName: string): Record<string, Computed> {
  const where = `cases.${caseName}`;
  const facts = objectAt(fixture.cases.get(caseName), where);
  const arch = stringAt(facts.arch, `${where}.arch`);
  const wave = waveOf(stringAt(facts.wave, `${where}.wave`), `${where}.wave`);
  // All stages trained: otherwise no gradient reaches the image.
  const entries = readEntries(fixture, arch);
  const sizes = resnetSizesOf(new Map(entries.map(({ name, shape }) => [name, shape])), '');
  const variant = { levels: ['layer1', 'layer2', 'layer3', 'layer4'], trainStages: 5, prefix: '' } as const;
  const network = resnet({ sizes, dilation: facts.dc5 === true, ...variant });
  const weights = loadWeights(entries, network, wave);
  const shape = countsAt(facts.image_shape, `${where}.image_shape`);
  const size = shape.reduce((product, axis) => product * axis, 1);
  const images = transpose(tensor<Rank.R4>(formulaImage(wave, size), shape as Tensor4D['shape']), [0, 2, 3, 1]);

  const levels = network.forward(weights, images);
  const outputs = Object.entries(objectAt(facts.features, `${where}.features`)).map(([name, stored]) => {
    const features = levels[levelNames.indexOf(name)];
    if (features === undefined) {
      throw new FixtureError(`${where}.features.${name}: expected features of ${levelNames.join(', ')}`);
    }
    return {
      ...summary(name, features, objectAt(stored, `${where}.features.${name}`)),
      [`${name}.corner`]: corner(fixture, caseName, name, features),
      [`${name}.channel_mean`]: take(mean(features, [0, 1, 2])),
    };
  });
  if (facts.grad_image === undefined) return Object.assign({}, ...outputs);
  const gradient = grad((x: Tensor) => mean(network.forward(weights, x as Tensor4D)[3] as Tensor))(images) as Tensor4D;
  return Object.assign({}, ...outputs, {
    ...summary('grad_image', gradient, objectAt(facts.grad_image, `${where}.grad_image`)),
    'grad_image.corner': corner(fixture, caseName, 'grad_image', gradient),
  });
}

const levelNames = ['C2', 'C3', 'C4', 'C5'];

interface Entry {
  readonly name: string;
  readonly shape: readonly number[];
  readonly kind: WeightKind;
}

/** The state_dict of a network. */
function readEntries({ json }: Fixture, arch: string): Entry[] {
  const where = `state_dict.${arch}`;
  return arrayAt(objectAt(json.state_dict, 'state_dict')[arch], where).map((value, i) => {
    const place = `${where}[${i}]`;
    const entry = objectAt(value, place);
    return {
      name: stringAt(entry.name, `${place}.name`),
      shape: countsAt(entry.shape, `${place}.shape`),
      kind: weightKind(stringAt(entry.kind, `${place}.kind`), `${place}.kind`),
    };
  });
}

/** @throws FixtureError if a weight is missing, or of another shape than our network's */
function loadWeights(entries: readonly Entry[], { parameters }: Backbone, wave: Wave): NamedTensors {
  const entryOf = new Map(entries.map((entry) => [entry.name, entry]));
  return Object.fromEntries(
    parameters.map((spec) => {
      const entry = entryOf.get(spec.name);
      if (`${entry?.shape}` !== `${storedShape(spec)}`) {
        const found = entry === undefined ? 'none' : `[${entry.shape.join(', ')}]`;
        throw new FixtureError(`${spec.name}: our network has [${storedShape(spec).join(', ')}], found ${found}`);
      }
      const weight = tensor(formulaWeight({ ...(entry as Entry), wave }), [...storedShape(spec)]);
      return [spec.name, spec.kernel ? transpose(weight, [2, 3, 1, 0]) : weight];
    }),
  );
}

/** The first channels and pixels of `[B, h, w, C]`, as `[B, C, h, w]`, as far as they are stored. */
function corner(fixture: Fixture, caseName: string, name: string, x: Tensor4D): Computed {
  const [batch, height, width, channels] = x.shape;
  const stored = fixture.tensors.get(storedName(caseName, `${name}.corner`))?.shape ?? [];
  const [, mostChannels = 1, mostRows = 1, mostColumns = 1] = stored;
  const sizes = [Math.min(height, mostRows), Math.min(width, mostColumns), Math.min(channels, mostChannels)] as const;
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
