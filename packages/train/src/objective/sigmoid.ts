/**
 * The objective of Deformable DETR, DAB-DETR and DN-DETR, with the focal loss of Lin et al. (ICCV 2017).
 * Sources: `SetCriterion` and `HungarianMatcher` in `models/DN_DAB_DETR` of IDEA-Research/DN-DETR and in `models` of
 * fundamentalvision/Deformable-DETR.
 */
import { overlapEpsilon } from '@dn-detr/boxes';
import { focalDetections } from '@dn-detr/core';
import { boxL1Loss, focalLoss, giouLoss } from '@dn-detr/core/loss';
import { z } from 'zod';
import type { ObjectiveSpec } from './objective.ts';
import { coefficient, lossCoefficients, matchingWeights } from './settings.ts';

const focal = { alpha: z.number().min(0).max(1).default(0.25), gamma: coefficient.default(2) };

interface SigmoidDefaults {
  /** Coefficient of the classification loss of every layer in the total. */
  readonly classCoefficient: number;
  /** Epsilon of GIoU; see `giouRows`. */
  readonly epsilon: number;
  /** Number of detections in an image. */
  readonly detections: number;
}

function withDefaults({ classCoefficient, epsilon, ...defaults }: SigmoidDefaults) {
  const settings = z.strictObject({
    loss: z.strictObject({ ...lossCoefficients, class: coefficient.default(classCoefficient), ...focal }).prefault({}),
    matching: z.strictObject({ class: coefficient.default(2), ...matchingWeights, ...focal }).prefault({}),
    /** Number of detections in an image, several of which may be of one query with different classes. */
    detections: z.int().min(1).default(defaults.detections),
  });
  const spec: ObjectiveSpec<typeof settings> = {
    settings,
    build({ loss, matching, detections }) {
      return {
        head: 'sigmoid',
        terms: [
          focalLoss({ alpha: loss.alpha, gamma: loss.gamma, weight: loss.class }),
          boxL1Loss({ weight: loss.bbox }),
          giouLoss({ epsilon, weight: loss.giou }),
        ],
        matching: [
          { kind: 'focal', alpha: matching.alpha, gamma: matching.gamma, weight: matching.class },
          { kind: 'l1', weight: matching.l1 },
          { kind: 'giou', weight: matching.giou, epsilon },
        ],
        detections: (predictions, sizes) => focalDetections(predictions, sizes, detections),
      };
    },
  };
  return spec;
}

/** The sigmoid objective with the defaults of DAB-DETR and DN-DETR. */
export const sigmoidObjective = withDefaults({ classCoefficient: 1, epsilon: overlapEpsilon, detections: 100 });

/** The sigmoid objective with the defaults of Deformable DETR. */
export const deformableDetrObjective = withDefaults({ classCoefficient: 2, epsilon: 0, detections: 100 });

/** The sigmoid objective with the defaults of DINO. */
export const dinoObjective = withDefaults({ classCoefficient: 1, epsilon: overlapEpsilon, detections: 300 });
