/**
 * Checks that the default objectives are the ones that parity checks against the papers' code: the presets of core and
 * matcher.
 */
import { criterionPresets, type LossTerm } from '@dn-detr/core';
import { matchingCosts } from '@dn-detr/matcher';
import { useBackend } from '@dn-detr/runtime';
import { spread } from '@dn-detr/testing/differentiation';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { models } from '../models/models.ts';
import { numLogitsOf } from './objective.ts';

beforeAll(() => useBackend('cpu'));

const [count, numClasses] = [12, 3];

/** Boxes `[N, 4]` cxcywh, the first so small that its GIoU shows the choice of epsilon. */
const boxesOf = (seed: number): tf.Tensor2D => {
  const boxes = tf.add<tf.Tensor2D>(tf.mul(spread([count - 1, 4], seed), 0.1), 0.3);
  return tf.concat([tf.tensor2d([[0.5, 0.5, 0.001, 0.001]]), boxes]);
};

/** Values of the rows of a term, for N queries of which every fourth has no object. */
function rowsOf(term: LossTerm, numLogits: number): number[] {
  return tf.tidy(() => {
    const hasObject = Array.from({ length: count }, (_, n) => n % 4 !== 3);
    const predictions = { logits: tf.mul(spread([count, numLogits], 1), 3) as tf.Tensor2D, boxes: boxesOf(2) };
    const targets = {
      classes: tf.tensor1d(
        hasObject.map((has, n) => (has ? n % numClasses : numClasses)),
        'int32',
      ),
      boxes: boxesOf(3),
      classWeights: tf.add<tf.Tensor1D>(spread([count], 4), 1.5),
      boxWeights: tf.tensor1d(hasObject.map((has) => (has ? 0.25 : 0))),
    };
    return [...term.rows(predictions, targets).dataSync()];
  });
}

const counts = { objects: 5, background: 7, normalizer: 5 };

describe.each(models.map((model) => [model.name, model] as const))('the default objective of %s', (_, model) => {
  const objective = model.objective.build(model.objective.settings.parse({}));
  const own = model.name === 'deformable-detr' ? 'deformableDetr' : 'dnDetr';
  const preset = objective.head === 'softmax' ? 'detr' : own;

  it(`has the terms of the preset ${preset}`, () => {
    const numLogits = numLogitsOf(objective.head, numClasses);
    const described = (terms: readonly LossTerm[]) =>
      terms.map((term) => ({
        ...{ name: term.name, weight: term.weight, columns: term.columns },
        ...{ scales: term.classScales?.(counts), rows: rowsOf(term, numLogits) },
      }));
    expect(described(objective.terms)).toEqual(described(criterionPresets[preset]));
  });

  it(`matches with the costs of the preset ${preset}`, () => {
    expect(objective.matching).toEqual(matchingCosts[preset]);
  });
});
