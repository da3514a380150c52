/** The loss terms of DETR, DAB-DETR and DN-DETR. The criterion takes a list of these or of your own terms. */
import { overlapEpsilon } from '@dn-detr/boxes';
import { giouRows, l1Rows } from './boxes.ts';
import { crossEntropyRows } from './cross-entropy.ts';
import { type FocalOptions, focalRows } from './focal.ts';
import type { LossTerm } from './term.ts';

interface Weighted {
  /** Factor of the term in the total loss. */
  readonly weight: number;
}

/** Sigmoid focal loss of `numClasses` logits, divided by the number of objects. Logged as `loss_ce`. */
export function focalLoss({ alpha, gamma, weight }: FocalOptions & Weighted): LossTerm {
  return {
    name: 'ce',
    weight,
    rows: ({ logits }, { classes, classWeights }) => focalRows(logits, classes, classWeights, { alpha, gamma }),
  };
}

/**
 * Softmax cross entropy of `numClasses + 1` logits. The last one is "no object"; its queries weigh `eosCoef` and all
 * others 1. The loss is divided by the sum of these weights in a layer, as in `torch.nn.functional.cross_entropy`.
 * Logged as `loss_ce`.
 */
export function softmaxLoss({ eosCoef, weight }: { readonly eosCoef: number } & Weighted): LossTerm {
  return {
    name: 'ce',
    weight,
    classScales({ objects, background }) {
      const sum = objects + eosCoef * background;
      const object = sum === 0 ? 0 : 1 / sum;
      return { object, background: eosCoef * object };
    },
    rows: ({ logits }, { classes, classWeights }) => crossEntropyRows(logits, classes, classWeights),
  };
}

/**
 * L1 distance of boxes in cxcywh, divided by the number of objects. Logged as `loss_bbox` and in two parts, `loss_xy`
 * for the centres and `loss_hw` for the sizes.
 */
export function boxL1Loss({ weight }: Weighted): LossTerm {
  return {
    name: 'bbox',
    weight,
    columns: ['xy', 'xy', 'hw', 'hw'],
    rows: ({ boxes }, targets) => l1Rows(boxes, targets.boxes, targets.boxWeights),
  };
}

/**
 * 1 - GIoU, divided by the number of objects. Logged as `loss_giou`.
 *
 * @param options the weight, and the `epsilon` of `giouRows`
 */
export function giouLoss({ epsilon, weight }: { readonly epsilon: number } & Weighted): LossTerm {
  return {
    name: 'giou',
    weight,
    rows: ({ boxes }, targets) => giouRows(boxes, targets.boxes, targets.boxWeights, epsilon),
  };
}

/** The defaults of `main.py` in facebookresearch/detr, IDEA-Research/DN-DETR and fundamentalvision/Deformable-DETR. */
export const criterionPresets: Readonly<Record<'detr' | 'dnDetr' | 'deformableDetr', readonly LossTerm[]>> = {
  detr: [softmaxLoss({ eosCoef: 0.1, weight: 1 }), boxL1Loss({ weight: 5 }), giouLoss({ epsilon: 0, weight: 2 })],
  dnDetr: [
    focalLoss({ alpha: 0.25, gamma: 2, weight: 1 }),
    boxL1Loss({ weight: 5 }),
    giouLoss({ epsilon: overlapEpsilon, weight: 2 }),
  ],
  deformableDetr: [
    focalLoss({ alpha: 0.25, gamma: 2, weight: 2 }),
    boxL1Loss({ weight: 5 }),
    giouLoss({ epsilon: 0, weight: 2 }),
  ],
};
