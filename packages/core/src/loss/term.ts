/** The interface of a loss term, one named part of the training loss. The built-in terms are in `terms.ts`. */
import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';

/** Predictions for N queries: all layers, images and queries, one after another. */
export interface PredictionRows {
  /** Logits `[N, numLogits]`. */
  readonly logits: Tensor2D;
  /** Boxes `[N, 4]`, cxcywh in 0..1. */
  readonly boxes: Tensor2D;
}

/** The targets of the same N queries. */
export interface TargetRows {
  /** Classes, int32 `[N]`; the number of classes where the target is "no object". */
  readonly classes: Tensor1D;
  /** Boxes `[N, 4]`, cxcywh in 0..1; zeros where there is no object. */
  readonly boxes: Tensor2D;
  /** Class weights `[N]`, 0 for padding; already divided by the normaliser, see `LossTerm.classScales`. */
  readonly classWeights: Tensor1D;
  /** Box weights `[N]`, 0 where there is no object; already divided by the number of objects. */
  readonly boxWeights: Tensor1D;
}

/**
 * The numbers of queries of one part in one layer, from which the normalisation of its losses is computed. With
 * gradient accumulation they are counted over all micro-batches, so that losses and gradients add up to those of one
 * batch.
 */
export interface QueryCounts {
  /** Number of queries assigned to an object. */
  readonly objects: number;
  /** Number of queries whose target is "no object". */
  readonly background: number;
  /** Divisor of box weights, and of class weights unless a term has `classScales`. */
  readonly normalizer: number;
}

/** Factors that the class weights of queries are multiplied by. */
export interface ClassScales {
  /** Factor for a query assigned to an object. */
  readonly object: number;
  /** Factor for a query whose target is "no object". */
  readonly background: number;
}

/** One term of the loss. The criterion sums it over all queries and adds it to the total, multiplied by its weight. */
export interface LossTerm {
  /** Name of the term, logged as `loss_<name>`. No two terms of a list may share it. */
  readonly name: string;
  /** Factor of the term in the total loss. */
  readonly weight: number;
  /**
   * For a term that is also logged in parts: the name of the part that each of the W columns of `rows` belongs to.
   * Columns with the same name are summed and logged as `loss_<name of the part>`. Left out by a term without parts,
   * whose rows are `[N]`.
   */
  readonly columns?: readonly string[];
  /**
   * Defines the normalisation of class weights. At most one term of a list may define it; without one, class weights
   * are divided by the number of objects, like box weights.
   */
  classScales?(counts: QueryCounts): ClassScales;
  /**
   * Computes the loss of every query from differentiable tensor ops without a branch on values. The result must be
   * multiplied by the weights of the targets, which excludes padding.
   *
   * @returns `[N]`, or `[N, W]` with `columns`
   */
  rows(predictions: PredictionRows, targets: TargetRows): Tensor1D | Tensor2D;
}

/** W, the number of columns in a term's rows and sums. */
export function widthOf({ columns }: LossTerm): number {
  return columns?.length ?? 1;
}
