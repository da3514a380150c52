import { criterionPresets, type LossTerm } from '@dn-detr/core';
import type { Predictions } from '@dn-detr/core/loss';
import { useCpuBackend } from '@dn-detr/testing/cpu-backend';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { prepareKnownQueries } from './queries.ts';
import { seededNoise } from './random.ts';
import { manyObjects, numClasses } from './testing/batches.ts';
import { knownInputs, knownLoss, splitPredictions } from './tfjs.ts';

beforeAll(useCpuBackend);

const model = { numClasses, matchingQueries: 3 };

const prepare = (...counts: number[]) =>
  prepareKnownQueries(counts.map(manyObjects), seededNoise(1), { groups: 2 }, model);

/** Increasing numbers as logits `[L, B, T, numLogits]` and boxes `[L, B, T, 4]`. */
function predictionsOf(layers: number, batch: number, total: number): Predictions {
  const rising = (width: number) => {
    const size = layers * batch * total * width;
    return tf.tensor4d(
      Float32Array.from({ length: size }, (_, i) => (i + 1) / (size + 1)),
      [layers, batch, total, width],
    );
  };
  return { logits: rising(numClasses), boxes: rising(4) };
}

function expectNoLeak(action: () => void): void {
  const before = tf.memory().numTensors;
  tf.tidy(action);
  expect(tf.memory().numTensors).toBe(before);
}

describe('knownInputs', () => {
  it('gives labels, anchors and masks as tensors, and makes no others', () => {
    const queries = prepare(2, 1);
    const before = tf.memory().numTensors;
    const inputs = knownInputs(queries);
    expect(inputs?.labels.shape).toEqual([2, 4]);
    expect(inputs?.anchors.shape).toEqual([2, 4, 4]);
    expect(inputs?.groupMask?.dataSync()).toEqual(Float32Array.from(queries.groupMask));
    expect(inputs?.keyPadding?.dataSync()).toEqual(Float32Array.from(queries.keyPadding ?? []));
    expect(tf.memory().numTensors).toBe(before + 4);
    tf.dispose(inputs);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('is undefined without objects', () => {
    expect(knownInputs(prepare(0, 0))).toBeUndefined();
  });
});

describe('splitPredictions', () => {
  it('splits the queries of every layer and image', () => {
    expectNoLeak(() => {
      const predictions = predictionsOf(2, 2, 7);
      const { known, matching } = splitPredictions(predictions, prepare(2, 1));
      expect(known?.logits.shape).toEqual([2, 2, 4, numClasses]);
      expect(matching.boxes.shape).toEqual([2, 2, 3, 4]);
      const joined = tf.concat([known?.boxes as tf.Tensor, matching.boxes], 2);
      expect(joined.dataSync()).toEqual(predictions.boxes.dataSync());
    });
  });

  it('rejects predictions from which queries are missing', () => {
    expectNoLeak(() => {
      const message = 'predictions are of 6 queries, expected 7: 4 known and 3 matching';
      expect(() => splitPredictions(predictionsOf(1, 2, 6), prepare(2, 1))).toThrow(message);
    });
  });
});

describe('knownLoss', () => {
  it('is the focal loss, L1 and GIoU of restoring one query', () => {
    const target = { labels: [1], boxes: [0.5, 0.5, 0.5, 0.5] };
    const queries = prepareKnownQueries([target], seededNoise(1), { groups: 1 }, { numClasses: 2, matchingQueries: 1 });
    const logits = [0.3, -0.7];
    const boxes = tf.tensor4d([0.5, 0.5, 0.25, 0.5], [1, 1, 1, 4]);
    const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
    const [other, own] = logits.map(sigmoid) as [number, number];
    const focal = -0.75 * other ** 2 * Math.log(1 - other) - 0.25 * (1 - own) ** 2 * Math.log(own);
    // Half of the true box is covered, and the predicted box lies inside it: IoU and GIoU are 1/2.
    const expected = focal + 5 * 0.25 + 2 * 0.5;
    expectNoLeak(() => {
      const { total, sums } = knownLoss(
        { logits: tf.tensor4d(logits, [1, 1, 1, 2]), boxes },
        queries,
        criterionPresets.dnDetr,
      );
      expect(total.dataSync()[0]).toBeCloseTo(expected, 4);
      expect(sums.shape).toEqual([1, 1, 6]);
    });
    boxes.dispose();
  });

  describe('of a contrastive pair', () => {
    const target = { labels: [1], boxes: [0.5, 0.5, 0.5, 0.5] };
    const pair = prepareKnownQueries(
      [target],
      seededNoise(1),
      { kind: 'contrastive', groups: 1 },
      { numClasses: 2, matchingQueries: 1 },
    );
    // Boxes of the positive query, then of the negative one; both predict the true box.
    const boxes = [...target.boxes, ...target.boxes];
    const slopes = (logits: number[], preset: readonly LossTerm[]) => {
      const shape: [number, number, number, number] = [1, 1, 2, logits.length / 2];
      const lossOf = (x: tf.Tensor, y: tf.Tensor) =>
        knownLoss({ logits: x as tf.Tensor4D, boxes: y as tf.Tensor4D }, pair, preset).total;
      const inputs = [
        tf.tensor(logits, shape),
        tf.tensor(
          [...boxes].map((v) => v - 0.01),
          [1, 1, 2, 4],
        ),
      ];
      const { value, grads } = tf.valueAndGrads(lossOf as never)(inputs);
      return { value: value.dataSync()[0] as number, grads: grads.map((grad) => [...grad.dataSync()]) };
    };
    const classLoss = (preset: readonly LossTerm[]) =>
      preset.map((term) => (term.name === 'ce' ? term : { ...term, weight: 0 }));

    it('trains a focal head towards low scores for every class of the negative, and towards no box', () => {
      expectNoLeak(() => {
        const logits = [0.3, -0.7, 0.2, 0.4];
        const own = criterionPresets.dnDetr;
        const { grads } = slopes(logits, own);
        const [byLogits, byBoxes] = grads as [number[], number[]];
        // Gradient descent lowers a logit where its slope is above 0.
        expect(byLogits.map(Math.sign)).toEqual([1, -1, 1, 1]);
        expect(byBoxes.map((slope) => slope !== 0)).toEqual([true, true, true, true, false, false, false, false]);
        const [a, b, c, d] = logits.map((x) => 1 / (1 + Math.exp(-x))) as [number, number, number, number];
        const background = (p: number) => -0.75 * p ** 2 * Math.log(1 - p);
        const expected = background(a) - 0.25 * (1 - b) ** 2 * Math.log(b) + background(c) + background(d);
        expect(slopes(logits, classLoss(own)).value).toBeCloseTo(expected, 5);
      });
    });

    it('trains a softmax head towards "no object", its last logit, with the weight of that class', () => {
      expectNoLeak(() => {
        const logits = [0.3, -0.7, 0.1, 0.2, 0.4, -0.5];
        const own = criterionPresets.detr;
        const { grads } = slopes(logits, own);
        const [byLogits, byBoxes] = grads as [number[], number[]];
        expect(byLogits.map(Math.sign)).toEqual([1, -1, 1, 1, 1, -1]);
        expect(byBoxes.map((slope) => slope !== 0)).toEqual([true, true, true, true, false, false, false, false]);
        const logSum = (from: number) =>
          Math.log(logits.slice(from, from + 3).reduce((sum, x) => sum + Math.exp(x), 0));
        const [positive, negative] = [logSum(0) + 0.7, logSum(3) + 0.5];
        const expected = (positive + 0.1 * negative) / 1.1;
        expect(slopes(logits, classLoss(own)).value).toBeCloseTo(expected, 5);
      });
    });
  });

  it('is 0 without objects, and adds to another loss', () => {
    expectNoLeak(() => {
      const queries = prepare(0, 0);
      const slope = tf.grad((logits: tf.Tensor) => {
        const { known, matching } = splitPredictions(
          { ...predictionsOf(1, 2, 3), logits: logits as tf.Tensor4D },
          queries,
        );
        const { total, sums } = knownLoss(known, queries, criterionPresets.dnDetr);
        expect([...total.dataSync(), ...sums.dataSync()]).toEqual([0]);
        expect(sums.shape).toEqual([0, 0, 0]);
        return tf.add(total, tf.sum(matching.logits));
      });
      expect(slope(predictionsOf(1, 2, 3).logits).dataSync()).toEqual(new Float32Array(6 * numClasses).fill(1));
    });
  });
});
