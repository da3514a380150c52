/**
 * Training as a library: models, settings, runs with their folders, and evaluation.
 *
 * @module @dn-detr/train
 */

export { type BackboneSpec, backbones } from './backbones/backbones.ts';
export { backendOptionsOf } from './backend-options.ts';
export { type Catalog, catalog } from './catalog.ts';
export { type CheckpointModel, loadWeights, saveWeights } from './checkpoint.ts';
export { type DottedValues, dottedKeys, flatValues, parseAssignment } from './config/dotted-keys.ts';
export {
  modelsWith,
  type ResolvedSettings,
  type RunSettings,
  resolveConfig,
  resolveSettings,
  runSettings,
  withChanges,
} from './config/run-settings.ts';
export { type RunConfig, type RunOverrides, runSchema } from './config/schema.ts';
export { type CostInput, formatCost, type ModelCost, modelCost } from './cost.ts';
export { type DryRun, type DryRunOptions, dryRun } from './dry-run.ts';
export { type Environment, environmentOf } from './environment.ts';
export { type Evaluation, evaluate } from './evaluation.ts';
export { Evaluator, type Inferred } from './evaluator.ts';
export { isExpected } from './expected-errors.ts';
export { type Init, initFrom, requireSameInit, withInitHash, withInitHashIfThere } from './init.ts';
export { type SettledConfig, type SettledDenoising, withKnownSlots } from './known-slots.ts';
export type { EvaluationLine, MetricsLine } from './log-lines.ts';
export { type MeasureOptions, machineMiB, measure, type ToMeasure } from './measure.ts';
export type { Measured } from './measure-messages.ts';
export { type Features, imageTensors, type LoadedBatch } from './model-batch.ts';
export { dabDetr, dnDetr } from './models/dab-detr.ts';
export { detr, dnDetrVanilla } from './models/detr.ts';
export { buildModel, type Model } from './models/model.ts';
export type { ModelSpec } from './models/model-spec.ts';
export { models } from './models/models.ts';
export {
  type BatchTargets,
  type DetectionLoss,
  detectionLoss,
  loggedFigures,
} from './objective/detection-loss.ts';
export { numLogitsOf, type Objective, type ObjectiveSpec } from './objective/objective.ts';
export { sigmoidObjective } from './objective/sigmoid.ts';
export { softmaxObjective } from './objective/softmax.ts';
export { efficientnetLiteWeights } from './pretrained/efficientnet-lite.ts';
export { fetchWeights, stateOfWeights, weightsFile } from './pretrained/fetch.ts';
export { type PretrainedWeights, type StoredWeights, storedWeights } from './pretrained/pretrained-weights.ts';
export { fetchStart } from './pretrained/start.ts';
export { type PlannedRun, type PoolOptions, type RunOutcome, runAll } from './process-pool.ts';
export { progressEvents, type RunProgress } from './progress-events.ts';
export { queriesNeeded, shortageNote } from './query-shortage.ts';
export {
  allImages,
  loadersOf,
  type OpenedData,
  openData,
  openFolder,
  openOptionsOf,
  openRunData,
  pixelsOf,
  type RunData,
  runDataOf,
} from './run-data.ts';
export { type RunFolder, runFolder } from './run-folder.ts';
export type { Sample, SampleImage, SamplesLine } from './samples.ts';
export { type RunResult, requireSameDecoding, requireSameSettings, runTraining, type StartOptions } from './start.ts';
export { requireStart } from './start-values.ts';
export { type BatchInput, type StepInput, type StepOutput, type TrainingState, trainingStep } from './step.ts';
export { stopSignal } from './stop-signal.ts';
export { decodedOtherwise, readStoredConfig, type StoredConfig } from './stored-config.ts';
export { type TrainedRun, type TrainOptions, train } from './train.ts';
export { knownQueriesAt, type StepRecord, Trainer } from './trainer.ts';
export { type TrainingEvents, TrainingRun } from './training-run.ts';
export { FolderError, SettingsError, UserError } from './user-error.ts';
export { counted } from './words.ts';
export { serveRun } from './worker.ts';
