/**
 * The objective of DAB-DETR and DN-DETR, with the focal loss of Lin et al. (ICCV 2017).
 * Source: `SetCriterion` and `HungarianMatcher` in `models/DN_DAB_DETR` of IDEA-Research/DN-DETR.
 */
import { overlapEpsilon } from '@dn-detr/boxes';
import { focalDetections } from '@dn-detr/core';
import { boxL1Loss, focalLoss, giouLoss } from '@dn-detr/core/loss';
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
    return {
      head: 'sigmoid',
      terms: [
        focalLoss({ alpha: loss.alpha, gamma: loss.gamma, weight: loss.class }),
        boxL1Loss({ weight: loss.bbox }),
        giouLoss({ epsilon: overlapEpsilon, weight: loss.giou }),
      ],
      matching: [
        { kind: 'focal', alpha: matching.alpha, gamma: matching.gamma, weight: matching.class },
        { kind: 'l1', weight: matching.l1 },
        { kind: 'giou', weight: matching.giou, epsilon: overlapEpsilon },
      ],
      detections: (predictions, sizes) => focalDetections(predictions, sizes, detections),
    };
  },
};
