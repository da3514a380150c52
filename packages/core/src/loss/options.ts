/** What a criterion is made of. */
import type { FocalOptions } from './focal.ts';

/**
 * How classes are learned: by the focal loss over C classes, or by the softmax cross entropy over C - 1 classes and, last,
 * "no object", which weighs `eosCoef`.
 */
export type ClassLoss =
  | ({ readonly kind: 'focal' } & FocalOptions)
  | { readonly kind: 'softmax'; readonly eosCoef: number };

export interface CriterionOptions {
  readonly classLoss: ClassLoss;
  /** what the three losses of every layer count for in the total */
  readonly coefficients: { readonly class: number; readonly bbox: number; readonly giou: number };
  /** see `giouLoss` */
  readonly giouEpsilon: number;
}

/** The defaults of `main.py` in facebookresearch/detr and IDEA-Research/DN-DETR. */
export const criterionPresets = {
  detr: {
    classLoss: { kind: 'softmax', eosCoef: 0.1 },
    coefficients: { class: 1, bbox: 5, giou: 2 },
    giouEpsilon: 0,
  },
  dnDetr: {
    classLoss: { kind: 'focal', alpha: 0.25, gamma: 2 },
    coefficients: { class: 1, bbox: 5, giou: 2 },
    giouEpsilon: 1e-6,
  },
} as const satisfies Record<string, CriterionOptions>;
