import type { Objects } from '@dn-detr/boxes';
import {
  criterionPresets,
  type Detector,
  type KnownInputs,
  type NamedTensors,
  type PredictionSet,
  tiny,
} from '@dn-detr/core';
import { byName } from '@dn-detr/core/loss';
import { matchingCosts } from '@dn-detr/matcher';
import { hostValue, useBackend } from '@dn-detr/runtime';
import { expectClose, spread } from '@dn-detr/testing/differentiation';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { type BatchTargets, detectionLoss, loggedFigures } from './detection-loss.ts';

beforeAll(() => useBackend('cpu'));

const [layers, queries, proposals, numClasses] = [2, 3, 5, 2];
const terms = criterionPresets.detr;

const forward = ({ logits, boxes, encoderLogits, encoderBoxes }: NamedTensors) => {
  const set = (name: PredictionSet['name'], logits: tf.Tensor | undefined, boxes: tf.Tensor | undefined) =>
    ({ name, known: 0, logits, boxes: tf.sigmoid(boxes as tf.Tensor) }) as PredictionSet;
  return {
    sets: [set('decoder', logits, boxes), set('encoder', encoderLogits, encoderBoxes)] as [
      PredictionSet,
      PredictionSet,
    ],
    memory: tf.zeros<tf.Rank.R2>([1, 1]),
    hidden: tf.zeros<tf.Rank.R2>([1, 1]),
  };
};

/** A two-stage model whose parameters are its predictions, with one logit more than there are classes. */
const twoStages: Detector = {
  backbone: tiny({ channels: [8] }),
  parameters: [],
  queries,
  layers,
  numClasses,
  forward,
  forwardFeatures: forward,
};

const parametersOf = (batch: number): NamedTensors => ({
  logits: spread([layers, batch, queries, numClasses + 1], 1),
  boxes: spread([layers, batch, queries, 4], 2),
  encoderLogits: spread([1, batch, proposals, numClasses + 1], 3),
  encoderBoxes: spread([1, batch, proposals, 4], 4),
});

const objects: Objects[] = [
  { labels: Int32Array.of(0, 1), boxes: Float32Array.of(0.3, 0.5, 0.4, 0.4, 0.7, 0.5, 0.2, 0.6) },
  { labels: Int32Array.of(1), boxes: Float32Array.of(0.5, 0.5, 0.5, 0.5) },
];

const images = () => tf.zeros<tf.Rank.R4>([1, 1, 1, 3]);

/** The loss of the batch, its gradients by name and the logged figures. */
function run(parameters: NamedTensors, targets: BatchTargets) {
  const lossOf = detectionLoss({ detector: twoStages, head: 'softmax', terms, matching: matchingCosts.detr });
  const names = Object.keys(parameters);
  let figures: Record<string, number> = {};
  const { value, grads } = tf.valueAndGrads((...tensors: tf.Tensor[]) => {
    const named = Object.fromEntries(names.map((name, i) => [name, tensors[i] as tf.Tensor]));
    const { loss, aux } = lossOf(named, { images: images() }, hostValue(targets), undefined);
    figures = byName(loggedFigures(aux, terms, targets.objects, numClasses));
    return loss;
  })(Object.values(parameters));
  const gradients = Object.fromEntries(names.map((name, i) => [name, grads[i] as tf.Tensor]));
  return { loss: value.dataSync()[0] as number, gradients, figures };
}

describe('the loss of a two-stage model', () => {
  it('is the sum over both prediction sets, each matched and logged separately', () => {
    const before = tf.memory().numTensors;
    tf.tidy(() => {
      const { loss, gradients, figures } = run(parametersOf(2), { objects });
      const [decoder, encoder] = ['', '_enc'].map((end) => {
        const weighted = (layer: string) =>
          terms.reduce((sum, { name, weight }) => sum + weight * (figures[`loss_${name}${end}${layer}`] as number), 0);
        return end === '' ? weighted('') + weighted('_0') : weighted('');
      }) as [number, number];
      expect(encoder).toBeGreaterThan(0);
      expect(loss).toBeCloseTo(decoder + encoder, 4);
      const { class_error: classError, cardinality_error_enc: cardinalityError } = figures as Record<string, number>;
      // A percentage of the objects, and a number of objects per image.
      expect(classError).toBeGreaterThanOrEqual(0);
      expect(classError).toBeLessThanOrEqual(100);
      expect(cardinalityError).toBeGreaterThanOrEqual(0);
      for (const gradient of Object.values(gradients))
        expect(tf.max(tf.abs(gradient)).dataSync()[0]).toBeGreaterThan(0);
      // The decoder does not depend on the encoder's predictions.
      const other = { ...parametersOf(2), encoderLogits: spread([1, 2, proposals, numClasses + 1], 9) };
      const { figures: changed, gradients: otherGradients } = run(other, { objects });
      expect(changed.loss_ce_enc).not.toBeCloseTo(figures.loss_ce_enc as number, 4);
      expect(changed.loss_ce).toBe(figures.loss_ce);
      expectClose(otherGradients.boxes as tf.Tensor, gradients.boxes as tf.Tensor, 0);
    });
    expect(tf.memory().numTensors).toBe(before);
  });

  it('in two micro-batches equals that of one batch', () => {
    tf.tidy(() => {
      const whole = run(parametersOf(2), { objects });
      const halves = objects.map((own, half) => {
        const parameters = Object.entries(parametersOf(2)).map(([name, value]) => [name, tf.gather(value, [half], 1)]);
        const counts = { objectsPerImage: objects.map(({ labels }) => labels.length) };
        return run(Object.fromEntries(parameters), { objects: [own], whole: counts });
      });
      expect(halves.reduce((sum, { loss }) => sum + loss, 0)).toBeCloseTo(whole.loss, 4);
      for (const [name, gradient] of Object.entries(whole.gradients)) {
        const joined = halves.map(({ gradients }) => gradients[name] as tf.Tensor);
        expectClose(tf.concat(joined, 1), gradient, 1e-6);
      }
    });
  });

  it('is refused if the model does not separate its known queries', () => {
    tf.tidy(() => {
      const options = { detector: twoStages, head: 'softmax', terms, matching: matchingCosts.detr } as const;
      const known: KnownInputs = { labels: tf.zeros([2, 4], 'int32'), anchors: tf.zeros([2, 4, 4]) };
      const lossOf = detectionLoss(options);
      expect(() => lossOf(parametersOf(2), { images: images() }, hostValue({ objects }), known)).toThrow(
        "the model was given 4 known queries, but 0 of its decoder's predictions are of known queries",
      );
    });
  });

  it.each([
    ['softmax', 'decoder', numClasses, 3, '3 for 2 classes, one for each and the last for "no object"'],
    ['softmax', 'encoder', numClasses, 3, '3 for 2 classes, one for each and the last for "no object"'],
    ['sigmoid', 'decoder', numClasses + 1, 2, '2 for 2 classes, one for each'],
  ] as const)('with a %s head is refused if the %s predicts %i logits', (head, set, numLogits, takes, meaning) => {
    tf.tidy(() => {
      const preset = head === 'softmax' ? 'detr' : 'dnDetr';
      const options = { detector: twoStages, head, terms: criterionPresets[preset], matching: matchingCosts[preset] };
      const right = parametersOf(2);
      const [name, count] = set === 'decoder' ? ['logits', queries] : ['encoderLogits', proposals];
      const wrong = { ...right, [name]: spread([set === 'decoder' ? layers : 1, 2, count, numLogits], 1) };
      expect(() => detectionLoss(options)(wrong, { images: images() }, hostValue({ objects }), undefined)).toThrow(
        `the ${set} predicts ${numLogits} logits, but an objective with a ${head} head takes ${meaning}: ` +
          `build the model with ${takes} logits, or give it an objective with another head`,
      );
    });
  });

  it('with a sigmoid head takes as many logits as there are classes', () => {
    tf.tidy(() => {
      const [terms, matching] = [criterionPresets.dnDetr, matchingCosts.dnDetr];
      const lossOf = detectionLoss({ detector: twoStages, head: 'sigmoid', terms, matching });
      const logits = spread([layers, 2, queries, numClasses], 1);
      const parameters = { ...parametersOf(2), logits, encoderLogits: spread([1, 2, proposals, numClasses], 3) };
      const { loss } = lossOf(parameters, { images: images() }, hostValue({ objects }), undefined);
      expect(loss.dataSync()[0]).toBeGreaterThan(0);
    });
  });
});
