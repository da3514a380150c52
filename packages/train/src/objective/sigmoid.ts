/**
 * The objective of DAB-DETR and DN-DETR, with the focal loss of Lin et al. (ICCV 2017).
 * Source: `SetCriterion` and `HungarianMatcher` in `models/DN_DAB_DETR` of IDEA-Research/DN-DETR.
 */
import { criterionPresets, focalDetections } from '@dn-detr/core';
import { matchingCosts } from '@dn-detr/matcher';
import { z } from 'zod';
import type { ObjectiveSpec } from './objective.ts';
import { coefficient, lossCoefficients, matchingWeights } from './settings.ts';

const focal = { alpha: z.number().min(0).max(1).default(0.25), gamma: coefficient.default(2) };

const settings = z.strictObject({
  loss: z.strictObject({ ...lossCoefficients, ...focal }).prefault({}),
  matching: z.strictObject({ class: coefficient.default(2), ...matchingWeights, ...focal }).prefault({}),
  /** detections an image, of which several may be of one query under different classes */
  detections: z.int().min(1).default(100),
});

export const sigmoidObjective: ObjectiveSpec<typeof settings> = {
  settings,
  build({ loss, matching, detections }) {
    const { alpha, gamma, ...coefficients } = loss;
    const { alpha: costAlpha, gamma: costGamma, ...weights } = matching;
    return {
      head: 'sigmoid',
      criterion: { ...criterionPresets.dnDetr, classLoss: { kind: 'focal', alpha, gamma }, coefficients },
      matching: {
        ...matchingCosts.dnDetr,
        classCost: { kind: 'focal', alpha: costAlpha, gamma: costGamma },
        weights,
      },
      detections: (predictions, sizes) => focalDetections(predictions, sizes, detections),
    };
  },
};
