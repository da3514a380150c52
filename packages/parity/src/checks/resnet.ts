/** Compares ResNets with closed-form weights: features of their stages, and the gradient of the image. */
import { resnet } from '@dn-detr/core';
import type { Check, Computed } from '../check.ts';
import type { Fixture } from '../fixture.ts';
import { waveOf } from '../formula.ts';
import { withoutLeak } from '../gradients.ts';
import { countsAt, objectAt, stringAt } from '../json.ts';
import { compareFeatures, compareGradient, imagesOf } from './feature-maps.ts';
import { loadWeights, readEntries } from './formula-weights.ts';
import { resnetSizesOf } from './resnet-sizes.ts';

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
  // All stages are trained: otherwise no gradient reaches the image.
  const entries = readEntries(fixture, arch);
  const sizes = resnetSizesOf(new Map(entries.map(({ name, shape }) => [name, shape])), '');
  const variant = { levels: ['layer1', 'layer2', 'layer3', 'layer4'], trainStages: 5, prefix: '' } as const;
  const network = resnet({ sizes, dilation: facts.dc5 === true, ...variant });
  const weights = loadWeights(entries, network, wave);
  const images = imagesOf(countsAt(facts.image_shape, `${where}.image_shape`), wave);

  const levels = network.forward(weights, images);
  const features = compareFeatures(
    fixture,
    caseName,
    Object.fromEntries(levelNames.map((name, i) => [name, levels[i]])),
  );
  return { ...features, ...compareGradient(fixture, caseName, network, weights, images) };
}

const levelNames = ['C2', 'C3', 'C4', 'C5'];
