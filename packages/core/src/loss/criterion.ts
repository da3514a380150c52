/**
 * The set criterion of DETR (Carion et al. 2020, https://arxiv.org/abs/2005.12872) and DN-DETR (Li et al. 2022,
 * https://arxiv.org/abs/2203.01305) over all decoder layers at once, for known and matching queries alike.
 */
import {
  concat,
  fill,
  mul,
  reshape,
  type Scalar,
  split,
  stack,
  sum,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  type Tensor3D,
  type Tensor4D,
  tensor1d,
} from '@tensorflow/tfjs-core';
import { withGradient } from '../nn/custom-gradient.ts';
import { giouLoss, l1Loss } from './boxes.ts';
import { crossEntropyLoss } from './cross-entropy.ts';
import { sigmoidFocalLoss } from './focal.ts';
import type { ClassLoss, CriterionOptions } from './options.ts';
import type { TargetTensors } from './targets.ts';

/** What a model predicts for T queries in each of L decoder layers. */
export type Predictions = {
  /** `[L, B, T, C]` */
  logits: Tensor4D;
  /** cxcywh in 0..1 `[L, B, T, 4]` */
  boxes: Tensor4D;
};

export type CriterionOutput = {
  /** the weighted sum of all terms, the loss */
  total: Scalar;
  /**
   * `[P, L, 6]`, before weighting: the class loss, L1 of centre x, centre y, width and height, and 1 - GIoU, each summed
   * over images and queries. P are the parts there are, known before matching. See `namedLosses`.
   */
  terms: Tensor3D;
};

/**
 * The losses of all layers and queries. Pure tensor ops without a branch on values, so that a captured step can hold it.
 * The terms and the total of micro-batches add up if their targets were merged with the counts of the whole step.
 *
 * @param known K: the first K of T queries are known ones
 * @throws RangeError if the targets do not fit the predictions, or K is not in 0..T
 */
export function criterion(
  { logits, boxes }: Predictions,
  targets: TargetTensors,
  known: number,
  { classLoss, coefficients, giouEpsilon }: CriterionOptions,
): CriterionOutput {
  const [layers, batch, total, classes] = logits.shape;
  requireShapes({ logits, boxes }, targets, known);
  const count = layers * batch * total;
  const flat = (x: Tensor): Tensor1D => reshape(x, [count]);
  const rows = (x: Tensor, width: number): Tensor2D => reshape(x, [count, width]);

  const classRows = classRowsOf(classLoss, rows(logits, classes), flat(targets.classes), flat(targets.classWeights));
  const [boxRows, targetRows, boxWeights] = [rows(boxes, 4), rows(targets.boxes, 4), flat(targets.boxWeights)];
  const l1Rows = l1Loss(boxRows, targetRows, boxWeights);
  const giouRows = giouLoss(boxRows, targetRows, boxWeights, giouEpsilon);

  const columns = concat([rows(classRows, 1), l1Rows, rows(giouRows, 1)], 1);
  const parts = split(reshape(columns, [layers, batch, total, 6]), partSizes(known, total), 2);
  const terms = stack(parts.map((part) => sum(part, [1, 2]))) as Tensor3D;
  const { class: byClass, bbox, giou } = coefficients;
  return {
    terms,
    // Summed from the terms, but differentiated by the rows: all rows of a loss have its coefficient as their gradient.
    total: withGradient([classRows, l1Rows, giouRows], () => ({
      value: sum<Scalar>(mul(terms, tensor1d([byClass, bbox, bbox, bbox, bbox, giou]))),
      saved: [],
      gradient: (dy) => [
        mul(fill([count], byClass), dy),
        mul(fill([count, 4], bbox), dy),
        mul(fill([count], giou), dy),
      ],
    })),
  };
}

function classRowsOf(loss: ClassLoss, logits: Tensor2D, classes: Tensor1D, weights: Tensor1D): Tensor1D {
  return loss.kind === 'focal'
    ? sigmoidFocalLoss(logits, classes, weights, loss)
    : crossEntropyLoss(logits, classes, weights);
}

/** The sizes K and Q of the parts, without one that is empty. */
function partSizes(known: number, total: number): number[] {
  return [known, total - known].filter((size) => size > 0);
}

function requireShapes({ logits, boxes }: Predictions, targets: TargetTensors, known: number): void {
  const [layers, batch, total] = logits.shape;
  const queries = [layers, batch, total];
  const expected: [name: string, tensor: Tensor, shape: number[]][] = [
    ['boxes', boxes, [...queries, 4]],
    ['targets.classes', targets.classes, queries],
    ['targets.boxes', targets.boxes, [...queries, 4]],
    ['targets.classWeights', targets.classWeights, queries],
    ['targets.boxWeights', targets.boxWeights, queries],
  ];
  for (const [name, tensor, shape] of expected) {
    if (`${tensor.shape}` === `${shape}`) continue;
    throw new RangeError(`criterion: ${name} has shape [${tensor.shape}], expected [${shape}] by the logits`);
  }
  if (!(known >= 0 && known <= total)) {
    throw new RangeError(`criterion: ${known} known queries, expected 0 to ${total}, as many as there are queries`);
  }
}
