import { useBackend } from '@dn-detr/runtime';
import { expectDerivative, spread } from '@dn-detr/testing/differentiation';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { criterion } from './criterion.ts';
import { mergeTargets, targetTensors } from './targets.ts';
import type { LossTerm } from './term.ts';
import { boxL1Loss, focalLoss } from './terms.ts';

beforeAll(() => useBackend('cpu'));

/** The difference in area between boxes: a loss in plain tensor ops that the package does not include. */
const areaLoss: LossTerm = {
  name: 'area',
  weight: 3,
  rows: ({ boxes }, targets) => {
    const area = (boxes: tf.Tensor2D) => tf.prod(tf.slice(boxes, [0, 2]), 1);
    return tf.mul<tf.Tensor1D>(tf.squaredDifference(area(boxes), area(targets.boxes)), targets.boxWeights);
  },
};

const [layers, batch, queries, classes] = [2, 1, 3, 2];

/** Query n has an object of class n with a box of width 0.2 n and height 0.5, the last query none. */
const matching = {
  classes: Int32Array.of(0, 1, 2, 0, 1, 2),
  boxes: Float32Array.from({ length: 24 }, (_, i) =>
    i % 12 < 8 ? ([0.5, 0.5, 0.2 * (1 + Math.floor((i % 12) / 4)), 0.5][i % 4] ?? 0) : 0,
  ),
  classWeights: new Float32Array(6).fill(1),
  boxWeights: Float32Array.of(1, 1, 0, 1, 1, 0),
  normalizer: 2,
};

const targetsFor = (terms: readonly LossTerm[]) => targetTensors(mergeTargets({ matching }, { layers, batch, terms }));

const predictions = () => ({
  logits: spread([layers, batch, queries, classes], 1) as tf.Tensor4D,
  boxes: tf.add(tf.mul(spread([layers, batch, queries, 4], 2), 0.2), 0.4) as tf.Tensor4D,
  known: 0,
});

describe('a custom loss term', () => {
  const terms = [focalLoss({ alpha: 0.25, gamma: 2, weight: 1 }), areaLoss];

  it('is summed like the others, and enters the total with its weight', () => {
    const before = tf.memory().numTensors;
    tf.tidy(() => {
      const given = predictions();
      const { sums, total } = criterion(given, targetsFor(terms), terms);
      const boxes = given.boxes.arraySync().flat(2) as number[][];
      const expected = [0, 1].map((layer) =>
        [0, 1].reduce((sum, query) => {
          const [, , width = 0, height = 0] = boxes[3 * layer + query] ?? [];
          return sum + (width * height - 0.2 * (1 + query) * 0.5) ** 2 / 2;
        }, 0),
      );
      const rows = sums.arraySync()[0] ?? [];
      expect(rows.map(([, area]) => area)).toEqual(expected.map((value) => expect.closeTo(value, 6)));
      expect(total.dataSync()[0]).toBeCloseTo(
        rows.reduce((sum, [ce = 0, area = 0]) => sum + ce + 3 * area, 0),
        5,
      );
    });
    expect(tf.memory().numTensors).toBe(before);
  });

  it('has a gradient', () => {
    const targets = targetsFor(terms);
    const op = (logits: tf.Tensor, boxes: tf.Tensor) =>
      criterion({ logits: logits as tf.Tensor4D, boxes: boxes as tf.Tensor4D, known: 0 }, targets, terms).total;
    const { logits, boxes } = predictions();
    expectDerivative(op as (...inputs: tf.Tensor[]) => tf.Tensor, [logits, boxes]);
  });

  it('must have a name that no other term or part of a term has', () => {
    const xy = { ...areaLoss, name: 'xy' };
    expect(() => criterion(predictions(), targetsFor([]), [boxL1Loss({ weight: 1 }), xy])).toThrow(
      "criterion: several terms or parts of terms are called 'xy'",
    );
  });

  it('must have the columns that it declares', () => {
    const wrong = [{ ...areaLoss, columns: ['w', 'h'] }, boxL1Loss({ weight: 1 })];
    expect(() => criterion(predictions(), targetsFor(wrong), wrong)).toThrow(
      "criterion: the rows of the term 'area' have shape [6], expected [6,2]",
    );
  });
});
