/**
 * Trains and compares models over seeds: summaries of their runs, and the analysis.
 *
 * @module @dn-detr/report
 */
export { type AblationRow, ablationRows, differenceWords } from './analysis/ablation-rows.ts';
export { type Contrast, type Contrasts, contrastsOf } from './analysis/contrasts.ts';
export {
  type Estimate,
  estimateWords,
  type FinalRow,
  type FinalTable,
  finalTable,
  timeOfStep,
} from './analysis/final-rows.ts';
export { headline } from './analysis/headline.ts';
export { countedRuns, isOnPlateau } from './analysis/runs.ts';
export { seedsToTell } from './analysis/seeds-needed.ts';
export { type MeanPoint, meanCurve, seedCurve } from './analysis/series.ts';
export { type CompareEvents, type CompareOptions, type Contender, compare } from './compare/compare.ts';
export { type Expected, expectedFor, expectedWords } from './compare/expected.ts';
export { folderName } from './compare/folder-name.ts';
export { comparisons, type Pair, pairsOf, stepsComparisons } from './summary/comparisons.ts';
export { keptSummary } from './summary/kept-summary.ts';
export { namedRuns } from './summary/named-runs.ts';
export { type RunSource, type SummaryFrame, summarize } from './summary/summarize.ts';
export {
  type AblationHeading,
  type ComparedSample,
  type ComparedSamples,
  type Comparison,
  type CurvePoint,
  type Equal,
  type FinalMetrics,
  type ModelSummary,
  type SeedRun,
  type StepsComparison,
  type Summary,
  summarySchema,
} from './summary/summary.ts';
export { terminalTable } from './terminal/terminal.ts';
