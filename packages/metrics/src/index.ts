/**
 * COCO's figures, matching instability, duplicate detections, and statistics over seeds.
 *
 * @module @dn-detr/metrics
 */
export { type AnchorDistance, anchorDistance } from './anchor-distance.ts';
export {
  type CocoEvaluation,
  type EvaluationOptions,
  evaluateDetections,
  type PrecisionRecall,
  precisionRecall,
} from './coco/evaluate.ts';
export { type CocoFigures, figureNames } from './coco/figures.ts';
export { CocoFormatError } from './coco/format-error.ts';
export type { CocoId } from './coco/ids.ts';
export type { ImageDetections, ImageTruth } from './coco/images.ts';
export { parseCocoJson } from './coco/parse-json.ts';
export type { AreaName } from './coco/protocol.ts';
export { type CocoResults, readCocoResults } from './coco/results-file.ts';
export { formatFigures } from './coco/table.ts';
export { type CocoCategory, type CocoTruth, readCocoTruth } from './coco/truth-file.ts';
export { countDuplicates, type DuplicateOptions, type Duplicates } from './duplicates.ts';
export { layerDisagreement, type MatchChanges, type MatchingInstability, matchingInstability } from './instability.ts';
export type { QueryMatches } from './matches.ts';
export { StatisticsError } from './statistics/error.ts';
export { holm } from './statistics/holm.ts';
export type { Interval } from './statistics/interval.ts';
export { type PairedComparison, type PairedOptions, pairedComparison } from './statistics/paired.ts';
export { type EffectSize, pairedPower, seedsNeeded } from './statistics/power.ts';
export type { SeedValue, UnpairedSeeds } from './statistics/seeds.ts';
export {
  type Bound,
  type SeedCurve,
  type SeedStepsRatio,
  type StepsRatio,
  type StepsRatioOptions,
  stepsRatio,
} from './statistics/steps-ratio.ts';
export { type Curve, type ReachOptions, stepsToReach } from './statistics/steps-to-reach.ts';
export { type SeedSummary, seedSummary } from './statistics/summary.ts';
