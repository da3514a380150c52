/**
 * Matching costs as lists of terms, and the assignment of queries to objects.
 *
 * @module @dn-detr/matcher
 */
export {
  type Assignment,
  type AssignmentOptions,
  type AssignmentSolver,
  linearSumAssignment,
} from './assignment.ts';
export { AssignmentError } from './assignment-error.ts';
export type { ClassCost, FocalClassCost, SoftmaxClassCost } from './class-cost.ts';
export { type MatchingCostOptions, matchingCost } from './cost.ts';
export {
  type CostTerm,
  type CustomCost,
  type GiouCost,
  type L1Cost,
  type MatchingCost,
  matchingCosts,
} from './cost-terms.ts';
export {
  type LayerMatches,
  type MatchOptions,
  matchLayers,
  type UnmatchedObjects,
} from './layers.ts';
export { type NonFiniteOptions, PredictionError, replacementCost } from './non-finite.ts';
export type { LayerPredictions, QueryPredictions } from './predictions.ts';
export { matchingTargets } from './targets.ts';
