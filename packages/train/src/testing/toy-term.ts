/** A loss term, the squared difference of the boxes' areas, and an objective with its weight as a setting. */
import type { LossTerm } from '@dn-detr/core';
import { type ObjectiveSpec, sigmoidObjective } from '@dn-detr/train';
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';

const areaOf = (boxes: tf.Tensor2D) => tf.prod(tf.slice(boxes, [0, 2]), 1); // of cxcywh [N, 4]

const areaLoss = (weight: number): LossTerm => ({
  name: 'area',
  weight,
  rows: ({ boxes }, targets) => {
    const difference = tf.squaredDifference(areaOf(boxes), areaOf(targets.boxes));
    return tf.mul<tf.Tensor1D>(difference, targets.boxWeights); // [N]
  },
});

const settings = sigmoidObjective.settings.extend({ area: z.number().min(0).default(1) });

export const sigmoidWithArea: ObjectiveSpec<typeof settings> = {
  settings,
  build({ area, ...others }) {
    const objective = sigmoidObjective.build(others);
    return { ...objective, terms: [...objective.terms, areaLoss(area)] };
  },
};
