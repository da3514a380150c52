/** Settings that objectives have in common, with the references' defaults (`main.py` of facebookresearch/detr). */
import { z } from 'zod';

export const coefficient = z.number().min(0);

/** Weights of the losses of every decoder layer in the total. */
export const lossCoefficients = {
  class: coefficient.default(1),
  /** L1 of the boxes */
  bbox: coefficient.default(5),
  giou: coefficient.default(2),
};

/** Weights of the boxes' terms in the matching cost. */
export const matchingWeights = { l1: coefficient.default(5), giou: coefficient.default(2) };
