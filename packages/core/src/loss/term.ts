/** The interface of a loss term: one named part of the training loss. The terms that come with the package are in `terms.ts`. */
import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';

/** Predictions for N queries: those of all layers, images and queries, one after the other. */
export interface PredictionRows {
  /** `[N, numLogits]` */
  readonly logits: Tensor2D;
  /** Boxes `[N, 4]`, cxcywh in 0..1. */
  readonly boxes: Tensor2D;
}

/** Targets of the same N queries. */
export interface TargetRows {
  /** Classes `[N]`, int32; the number of classes where the target is "no object". */
  readonly classes: Tensor1D;
  /** Boxes `[N, 4]`, cxcywh in 0..1; zeros where there is no object. */
  readonly boxes: Tensor2D;
  /** `[N]`, 0 for padding; already divided by the normaliser, see `LossTerm.classScales` */
  readonly classWeights: Tensor1D;
  /** `[N]`, 0 where there is no object; already divided by the number of objects */
  readonly boxWeights: Tensor1D;
}

/**
 * Divisors of the losses of one part, from the number of its queries in one layer. With gradient accumulation these are
 * counted over all micro-batches, so that their losses and gradients add up to those of one batch.
 */
export interface QueryCounts {
  /** Queries assigned to an object. */
  readonly objects: number;
  /** Queries that are to say "no object". */
  readonly background: number;
  readonly normalizer: number;
}

/** Factors by which the class weight of a query is multiplied. */
export interface ClassScales {
  /** Factor for a query assigned to an object. */
  readonly object: number;
  /** Factor for a query that is to say "no object". */
  readonly background: number;
}

/** One part of the loss: the criterion sums it over all queries and adds it to the total with its weight. */
export interface LossTerm {
  /** Logged as `loss_<name>`; no two terms of a list share it. */
  readonly name: string;
  /** The factor of the term in the total loss. */
  readonly weight: number;
  /**
   * For a term that is logged in parts as well: the part that each of the W columns of `rows` counts in. Columns of one
   * name are summed and logged as `loss_<name of the part>`. Left out by a term without parts, whose rows are `[N]`.
   */
  readonly columns?: readonly string[];
  /**
   * How class weights are normalised. At most one term of a list says so; without one they are divided by the number of
   * objects, as box weights are.
   */
  classScales?(counts: QueryCounts): ClassScales;
  /**
   * The loss of every query. It is made of differentiable tensor ops without a branch on values, and multiplied by the
   * weights of the targets, which keeps padding out.
   *
   * @returns `[N]`, or `[N, W]` with `columns`
   */
  rows(predictions: PredictionRows, targets: TargetRows): Tensor1D | Tensor2D;
}

/** The number W of columns that a term's rows have, and its sums. */
export function widthOf({ columns }: LossTerm): number {
  return columns?.length ?? 1;
}
