export {
  type Assignment,
  type AssignmentOptions,
  type AssignmentSolver,
  linearSumAssignment,
} from './assignment.ts';
export { AssignmentError } from './assignment-error.ts';
export type { ClassCost, FocalClassCost, SoftmaxClassCost } from './class-cost.ts';
export { type MatchingCost, type MatchingCostOptions, matchingCost, matchingCosts } from './cost.ts';
export {
  type LayerMatches,
  type LayerPredictions,
  type MatchOptions,
  matchLayers,
  type UnmatchedObjects,
} from './layers.ts';
export { type NonFiniteOptions, PredictionError, replacementCost } from './non-finite.ts';
export type { QueryPredictions } from './predictions.ts';
export { matchingTargets } from './targets.ts';
