/**
 * The set criterion of DETR (Carion et al. 2020, https://arxiv.org/abs/2005.12872) and DN-DETR (Li et al. 2022,
 * https://arxiv.org/abs/2203.01305): the weighted sum of a list of loss terms, over all decoder layers at once and for
 * known and matching queries alike.
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
  tensor1d,
} from '@tensorflow/tfjs-core';
import { withGradient } from '../nn/custom-gradient.ts';
import type { PredictionSet } from './predictions.ts';
import type { TargetTensors } from './targets.ts';
import { type LossTerm, widthOf } from './term.ts';

/** The loss, and the sums of its terms for the log. */
export type CriterionOutput = {
  /** The loss: the weighted sum of all terms. */
  total: Scalar;
  /**
   * `[P, L, W]`, before weighting: the W columns of all terms, in the order of the list, each summed over images and
   * queries. P is the number of parts, known queries before matching ones. See `lossFigures`.
   */
  sums: Tensor3D;
};

/**
 * The losses of one prediction set, for all its layers and queries. It consists of pure tensor ops without a branch on
 * values, so a captured step can contain it. The sums and totals of micro-batches add up if their targets were merged
 * with the counts of the entire step.
 *
 * @param terms the terms of the loss: `criterionPresets`, or terms of your own
 * @throws RangeError if the targets do not fit the predictions, K is not in 0..T, two terms would be logged under one
 *   name, or a term does not have as many columns as it declares
 */
export function criterion(
  { logits, boxes, known }: Omit<PredictionSet, 'name'>,
  targets: TargetTensors,
  terms: readonly LossTerm[],
): CriterionOutput {
  const [layers, batch, total, numLogits] = logits.shape;
  requireShapes({ logits, boxes, known }, targets);
  requireNames(terms);
  const count = layers * batch * total;
  const flat = (x: Tensor): Tensor1D => reshape(x, [count]);
  const rows = (x: Tensor, width: number): Tensor2D => reshape(x, [count, width]);

  const predictionRows = { logits: rows(logits, numLogits), boxes: rows(boxes, 4) };
  const targetRows = {
    classes: flat(targets.classes),
    boxes: rows(targets.boxes, 4),
    classWeights: flat(targets.classWeights),
    boxWeights: flat(targets.boxWeights),
  };
  const losses = terms.map((term) => {
    const loss = term.rows(predictionRows, targetRows);
    requireColumns(term, loss, count);
    return loss;
  });

  const widths = terms.map(widthOf);
  const columns = concat(
    losses.map((loss, i) => rows(loss, widths[i] as number)),
    1,
  );
  const parts = split(reshape(columns, [layers, batch, total, columns.shape[1]]), partSizes(known, total), 2);
  const sums = stack(parts.map((part) => sum(part, [1, 2]))) as Tensor3D;
  const weights = terms.flatMap(({ weight }, i) => Array<number>(widths[i] as number).fill(weight));
  return {
    sums,
    // The value comes from the sums, but the rows are differentiated: all rows of a term have its weight as their
    // gradient.
    total: withGradient(losses, () => ({
      value: sum<Scalar>(mul(sums, tensor1d(weights))),
      saved: [],
      gradient: (dy) => terms.map(({ weight }, i) => mul(fill((losses[i] as Tensor).shape, weight), dy)),
    })),
  };
}

function requireNames(terms: readonly LossTerm[]): void {
  const names = terms.flatMap(({ name, columns }) => [...new Set(columns), name]);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new RangeError(`criterion: several terms or parts of terms are called '${twice}'`);
}

function requireColumns({ name, columns }: LossTerm, loss: Tensor, count: number): void {
  const expected = columns === undefined ? [count] : [count, columns.length];
  if (`${loss.shape}` === `${expected}`) return;
  throw new RangeError(`criterion: the rows of the term '${name}' have shape [${loss.shape}], expected [${expected}]`);
}

/** The sizes K and Q of the two parts, without empty ones. */
function partSizes(known: number, total: number): number[] {
  return [known, total - known].filter((size) => size > 0);
}

function requireShapes({ logits, boxes, known }: Omit<PredictionSet, 'name'>, targets: TargetTensors): void {
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
