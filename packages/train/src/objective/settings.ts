/** Settings that objectives share, with the references' defaults (`main.py` of facebookresearch/detr). */
import { z } from 'zod';

export const coefficient = z.number().min(0);

/** Coefficients of the losses of every decoder layer in the total. */
export const lossCoefficients = {
  /** Coefficient of the classification loss. @defaultValue 1 */
  class: coefficient.default(1),
  /** Coefficient of the L1 loss of the boxes. @defaultValue 5 */
  bbox: coefficient.default(5),
  /** Coefficient of the GIoU loss. @defaultValue 2 */
  giou: coefficient.default(2),
};

/** Weights of the box terms in the matching cost. */
export const matchingWeights = { l1: coefficient.default(5), giou: coefficient.default(2) };
