/** DETR's objective (Carion et al., ECCV 2020; `models/detr.py` and `models/matcher.py` of facebookresearch/detr). */
import { softmaxDetections } from '@dn-detr/core';
import { boxL1Loss, giouLoss, softmaxLoss } from '@dn-detr/core/loss';
import { z } from 'zod';
import type { ObjectiveSpec } from './objective.ts';
import { coefficient, lossCoefficients, matchingWeights } from './settings.ts';

const settings = z.strictObject({
  loss: z
    .strictObject({
      ...lossCoefficients,
      /** Weight of "no object" in the cross-entropy. @defaultValue 0.1 */
      eosCoef: coefficient.default(0.1),
    })
    .prefault({}),
  matching: z.strictObject({ class: coefficient.default(1), ...matchingWeights }).prefault({}),
});

/** DETR's objective: softmax over the classes and "no object". */
export const softmaxObjective: ObjectiveSpec<typeof settings> = {
  settings,
  build: ({ loss, matching }) => ({
    head: 'softmax',
    terms: [
      softmaxLoss({ eosCoef: loss.eosCoef, weight: loss.class }),
      boxL1Loss({ weight: loss.bbox }),
      giouLoss({ epsilon: 0, weight: loss.giou }),
    ],
    matching: [
      { kind: 'softmax', weight: matching.class },
      { kind: 'l1', weight: matching.l1 },
      { kind: 'giou', weight: matching.giou, epsilon: 0 },
    ],
    detections: softmaxDetections,
  }),
};
