/** Compares the features of a backbone, and the gradient of its images, with the part of them that a fixture stores. */
import type { Backbone, NamedTensors } from '@dn-detr/core';
import {
  add,
  grad,
  mean,
  mul,
  type Rank,
  randomNormal,
  sign,
  slice,
  type Tensor,
  type Tensor4D,
  tensor,
  transpose,
} from '@tensorflow/tfjs-core';
import type { Computed } from '../check.ts';
import { type Fixture, storedName } from '../fixture.ts';
import { formulaImage, type Wave } from '../formula.ts';
import { take, withoutLeak } from '../gradients.ts';
import { countsAt, FixtureError, type JsonObject, numberAt, objectAt } from '../json.ts';
import { compare, toleranceFor } from '../tolerance.ts';

/**
 * The images in closed form.
 *
 * @param shape `[B, 3, H, W]`
 * @returns `[B, H, W, 3]`
 */
export function imagesOf(shape: readonly number[], wave: Wave): Tensor4D {
  const size = shape.reduce((product, axis) => product * axis, 1);
  return transpose(tensor<Rank.R4>(formulaImage(wave, size), shape as Tensor4D['shape']), [0, 2, 3, 1]);
}

/** @param levels features by their names in the case's `features`, `[B, h, w, C]` each */
export function compareFeatures(
  fixture: Fixture,
  caseName: string,
  levels: Readonly<Record<string, Tensor4D | undefined>>,
): Record<string, Computed> {
  const where = `cases.${caseName}.features`;
  const outputs = Object.entries(objectAt(fixture.cases.get(caseName)?.features, where)).map(([name, stored]) => {
    const features = levels[name];
    if (features === undefined) {
      throw new FixtureError(`${where}.${name}: expected features of ${Object.keys(levels).join(', ')}`);
    }
    return {
      ...summary(name, features, objectAt(stored, `${where}.${name}`)),
      [`${name}.corner`]: corner(fixture, caseName, name, features),
      [`${name}.channel_mean`]: take(mean(features, [0, 1, 2])),
    };
  });
  return Object.assign({}, ...outputs);
}

/** The largest number of images, equal within rounding to a fixture's, whose gradients are tried. */
const tries = 8;

/**
 * The gradient of the mean of the last level with respect to the images, if the case has one.
 *
 * A unit that lies on a kink of its activation, within rounding, falls to one side or the other depending on the order
 * of summation, and changes the gradient by far more than rounding. (`lite0_imagenet` has such a unit: its float32
 * gradient is not the float64 one.) So if the gradient does not agree, images that are equal within the rounding of a
 * pixel are tried too; a wrong gradient is just as wrong for all of them.
 */
export function compareGradient(
  fixture: Fixture,
  caseName: string,
  network: Backbone,
  weights: NamedTensors,
  images: Tensor4D,
): Record<string, Computed> {
  const stored = fixture.cases.get(caseName)?.grad_image;
  if (stored === undefined) return {};
  const meanOf = (x: Tensor): Tensor => mean(network.forward(weights, x as Tensor4D).at(-1) as Tensor);
  const outputsOf = (x: Tensor4D): Record<string, Computed> => {
    const gradient = grad(meanOf)(x) as Tensor4D;
    return {
      ...summary('grad_image', gradient, objectAt(stored, `cases.${caseName}.grad_image`)),
      'grad_image.corner': corner(fixture, caseName, 'grad_image', gradient),
    };
  };
  const first = withoutLeak(() => outputsOf(images));
  let outputs = first;
  for (let i = 1; !agrees(fixture, caseName, outputs); i++) {
    if (i === tries) return first;
    outputs = withoutLeak(() => outputsOf(withinRounding(images, i)));
  }
  return outputs;
}

/** Multiplies every value by 1 + 2⁻²³ or 1 − 2⁻²³. */
function withinRounding(x: Tensor4D, seed: number): Tensor4D {
  const signs = sign(randomNormal(x.shape, 0, 1, 'float32', seed));
  return mul(x, add(1, mul(2 ** -23, signs)));
}

function agrees(fixture: Fixture, caseName: string, outputs: Readonly<Record<string, Computed>>): boolean {
  const facts = fixture.cases.get(caseName) ?? {};
  return Object.entries(outputs).every(([key, { values, expected }]) => {
    const stored = expected?.values ?? fixture.tensors.get(storedName(caseName, key))?.data;
    return stored === undefined || compare(values, stored, toleranceFor(fixture, key, stored, facts)).pass;
  });
}

/** The first channels and pixels of `[B, h, w, C]`, as `[B, C, h, w]`: as many as are stored. */
function corner(fixture: Fixture, caseName: string, name: string, x: Tensor4D): Computed {
  const [batch, height, width, channels] = x.shape;
  const stored = fixture.tensors.get(storedName(caseName, `${name}.corner`))?.shape ?? [];
  const [, mostChannels = 1, mostRows = 1, mostColumns = 1] = stored;
  const sizes = [Math.min(height, mostRows), Math.min(width, mostColumns), Math.min(channels, mostChannels)] as const;
  return take(transpose(slice(x, [0, 0, 0, 0], [batch, ...sizes]), [0, 3, 1, 2]));
}

/** Shape, sums and extremes of `[B, h, w, C]`, compared with those in the JSON. */
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
  const absolute = numberAt(facts.abs_sum, `${name}.abs_sum`);
  const figures = Object.entries(found).map(([key, value]): [string, Computed] => {
    const stored = numberAt(facts[key], `${name}.${key}`);
    // A sum that cancels is as exact as the magnitudes of its terms: adding these to both sides makes the tolerance
    // relative to them.
    const by = key !== 'sum' ? 0 : stored < 0 ? -absolute : absolute;
    return [`${name}.${key}`, { values: [value + by], expected: { values: [stored + by] } }];
  });
  return {
    [`${name}.shape`]: { values: [batch, channels, height, width], expected: { values: shape, exact: true } },
    ...Object.fromEntries(figures),
  };
}
