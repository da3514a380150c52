/**
 * Compares EfficientNet-Lite, with closed-form weights and with those of ImageNet: its three levels and the gradient of
 * the image, and the largest logits of the full classifier, whose head is built only here.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { type Backbone, efficientnetLite, loadParameters, type NamedTensors, readCheckpoint } from '@dn-detr/core';
import { linear, type Module, normedConvolution, parametersOf, relu6 } from '@dn-detr/core/nn';
import { cacheFolder } from '@dn-detr/runtime/wheel';
import { conv2d, mean, mul, sub, type Tensor, type Tensor2D, type Tensor4D, topk } from '@tensorflow/tfjs-core';
import type { Check, Computed } from '../check.ts';
import { type Fixture, storedName } from '../fixture.ts';
import { waveOf } from '../formula.ts';
import { take, withoutLeak } from '../gradients.ts';
import { arrayAt, countsAt, FixtureError, objectAt, stringAt } from '../json.ts';
import { compareFeatures, compareGradient, imagesOf } from './feature-maps.ts';
import { loadWeights, readEntries } from './formula-weights.ts';

export const efficientnetCheck: Check = {
  // `features` and `grad_image` are compared field by field, as `S8.sum` and so on; `blocks` names the blocks after
  // which levels are taken.
  inputs: ['wave', 'arch', 'blocks', 'image_shape', 'noise_float32', 'features', 'grad_image', 'weights'],
  optional: ['*.corner', '*.channel_mean', 'logits.top5'],
  cases: ({ cases }) => [...cases.keys()],
  skips(fixture, caseName) {
    const file = weightsFileOf(fixture, caseName);
    return file === undefined || existsSync(file) ? undefined : `its weights are missing: there is no file ${file}`;
  },
  run: (fixture, caseName) => withoutLeak(() => runCase(fixture, caseName)),
};

const levelNames = ['S8', 'S16', 'S32'];
const variants = [0, 1, 2] as const;

function runCase(fixture: Fixture, caseName: string): Record<string, Computed> {
  const where = `cases.${caseName}`;
  const facts = objectAt(fixture.cases.get(caseName), where);
  const arch = stringAt(facts.arch, `${where}.arch`);
  const variant = variants.find((known) => arch.endsWith(`lite${known}`));
  if (variant === undefined) throw new FixtureError(`${where}.arch: expected lite0, lite1 or lite2, found ${arch}`);
  const network = efficientnetLite({ variant });
  const shape = countsAt(facts.image_shape, `${where}.image_shape`);
  const file = weightsFileOf(fixture, caseName);
  const wave = waveOf(file === undefined ? stringAt(facts.wave, `${where}.wave`) : 'hash', `${where}.wave`);
  const formula = imagesOf(shape, wave);
  // The network with real weights expects pixels centred on zero.
  const images = file === undefined ? formula : sub<Tensor4D>(mul(formula, 2), 1);
  const classifier = file === undefined ? undefined : readClassifier(fixture, caseName, file, network);
  const weights = classifier?.weights ?? loadWeights(readEntries(fixture, nameIn(fixture, arch)), network, wave);

  const levels = network.forward(weights, images);
  const last = levels.at(-1) as Tensor4D;
  return {
    ...compareFeatures(fixture, caseName, Object.fromEntries(levelNames.map((name, i) => [name, levels[i]]))),
    // All stages are trained: otherwise no gradient reaches the image.
    ...compareGradient(fixture, caseName, efficientnetLite({ variant, trainStages: 8 }), weights, images),
    ...(classifier && compareLogits(fixture, caseName, classifier.head.apply(weights, last))),
  };
}

/** `efficientnet-lite0`, or `lite0` if the fixture's state_dicts have the shorter names. */
function nameIn({ json }: Fixture, arch: string): string {
  return arch in objectAt(json.state_dict, 'state_dict') ? arch : arch.replace('efficientnet-', '');
}

/** The path of the user's weights; undefined for a case with closed-form weights. */
function weightsFileOf(fixture: Fixture, caseName: string): string | undefined {
  const where = `cases.${caseName}.weights`;
  const weights = fixture.cases.get(caseName)?.weights;
  if (weights === undefined) return undefined;
  const file = stringAt(objectAt(weights, where).file, `${where}.file`);
  return path.join(cacheFolder(), 'weights', path.posix.basename(file));
}

interface Classifier {
  readonly weights: NamedTensors;
  /** Maps features `[B, h, w, C]` to logits `[B, classes]`. */
  readonly head: Module<Tensor4D, Tensor2D>;
}

/** Reads the full network from a file, all of whose tensors have to fit. */
function readClassifier(fixture: Fixture, caseName: string, file: string, network: Backbone): Classifier {
  const facts = objectAt(fixture.cases.get(caseName)?.weights, 'weights');
  const bytes = readFileSync(file);
  const found = createHash('sha256').update(bytes).digest('hex');
  if (found !== facts.sha256) throw new FixtureError(`${file} has SHA-256 ${found}, expected ${facts.sha256}`);
  const checkpoint = readCheckpoint(bytes, file);
  const [width = 0] = checkpoint.tensors.get('_conv_head.weight')?.shape ?? [];
  const [classes = 0] = checkpoint.tensors.get('_fc.bias')?.shape ?? [];
  const head = classifierHead(network.levels.at(-1)?.channels ?? 0, width, classes);
  const declared = [...network.parameters, ...head.parameters];
  return { weights: loadParameters(checkpoint, declared).parameters, head };
}

function classifierHead(inputs: number, width: number, classes: number): Module<Tensor4D, Tensor2D> {
  const convolve = (x: Tensor4D, weight: Tensor4D): Tensor4D => conv2d(x, weight, 1, 'same');
  const sizes = { size: 1, inputs, outputs: width, epsilon: 1e-3 };
  const conv = normedConvolution('_conv_head', '_bn1', { ...sizes, group: 'frozen', convolve });
  const classify = linear('_fc', { inputs: width, outputs: classes, group: 'frozen' });
  return {
    parameters: parametersOf(conv, classify),
    apply: (tensors, x) => classify.apply(tensors, mean<Tensor2D>(relu6(conv.apply(tensors, x)), [1, 2])),
  };
}

/** The largest logits, and their classes. */
function compareLogits(fixture: Fixture, caseName: string, logits: Tensor): Record<string, Computed> {
  const where = `cases.${caseName}.top5_classes`;
  const classes = arrayAt(fixture.cases.get(caseName)?.top5_classes, where).map((row, i) =>
    countsAt(row, `${where}[${i}]`),
  );
  const count = fixture.tensors.get(storedName(caseName, 'logits.top5'))?.shape.at(-1) ?? classes[0]?.length ?? 1;
  const { values, indices } = topk(logits, count);
  return {
    'logits.top5': take(values),
    top5_classes: { ...take(indices), expected: { values: classes.flat(), exact: true } },
  };
}
