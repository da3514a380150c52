/** Estimates the time and memory of a run from a few of its steps. */
import { setImmediate as turn } from 'node:timers/promises';
import type { DatasetImage, EvaluationBatchesOptions, Images, TrainingBatches } from '@dn-detr/data';
import { medianIndex } from 'd3-array';
import { type Catalog, catalog as standard } from './catalog.ts';
import type { RunConfig } from './config/schema.ts';
import { type ModelCost, modelCost } from './cost.ts';
import { evaluate } from './evaluation.ts';
import { Evaluator } from './evaluator.ts';
import { FeatureStore } from './features/feature-store.ts';
import { featuresMiB, featuresNote, waysSeen } from './features/features-note.ts';
import { keepsFeatures } from './features/run-features.ts';
import { free } from './free.ts';
import { requireFrozenWeights } from './init.ts';
import { withKnownSlots } from './known-slots.ts';
import type { Features, LoadedBatch } from './model-batch.ts';
import { buildModel, type Model } from './models/model.ts';
import { weightsOf } from './pretrained/init-setting.ts';
import { type StoredWeights, storedWeights } from './pretrained/pretrained-weights.ts';
import type { RunProgress } from './progress-events.ts';
import { queriesNeeded, shortageNote } from './query-shortage.ts';
import { allImages, loadersOf, openRunData, type RunData } from './run-data.ts';
import { Trainer } from './trainer.ts';
import { UserError } from './user-error.ts';

/** The estimated cost of a run. */
export interface DryRun {
  readonly model: string;
  /** The pretrained weights that the run starts from, if any. */
  readonly pretrained?: StoredWeights;
  readonly cost: ModelCost;
  readonly images: { readonly train: number; readonly val: number };
  readonly stepsPerEpoch: number;
  /** Steps of the complete run; an estimate where its length is given in minutes. */
  readonly steps: number;
  readonly secondsPerStep: number;
  /**
   * Seconds to compute the features of one image, where they are computed once; steps that start from features do not
   * include it.
   */
  readonly secondsPerFeatures?: number;
  /** Additional seconds to read an image for the first time, where steps wait for that. */
  readonly secondsPerRead?: number;
  /** Seconds of training, without evaluations. */
  readonly expectedSeconds: number;
  /** Seconds of all evaluations. */
  readonly evaluationSeconds: number;
  /** Seconds until the end of the first step: opening the data, tracing the graph. */
  readonly startSeconds: number;
  /**
   * Largest resident memory of the process, over these steps, a step with the fullest images and a batch of evaluation;
   * a GPU's own memory is not included.
   */
  readonly peakMiB: number;
  /** Largest additional memory that the run will keep occupied, with decoded images and features. */
  readonly keptMiB: number;
  readonly stepsMeasured: number;
}

/** The steps that a dry run takes. */
export interface StepsToMeasure {
  /** Number of first steps, which trace the graph and let memory pools grow. */
  readonly warmUp: number;
  readonly measured: number;
  /** Seconds of measured steps after which no more are taken. */
  readonly seconds: number;
  /**
   * Whether the same steps are taken a second time, and only the second time counts: with few steps, some may have
   * shapes that must be traced.
   */
  readonly again: boolean;
}

const usualSteps: StepsToMeasure = { warmUp: 3, measured: 8, seconds: Number.POSITIVE_INFINITY, again: false };

/** Options of a dry run. */
export interface DryRunOptions {
  /** The models, backbones and readers that configurations can name. */
  readonly catalog?: Catalog;
  readonly steps?: StepsToMeasure;
  /** Called after each step. */
  readonly progress?: (state: RunProgress) => void;
  /** Called with what a user should know before the run begins. */
  readonly say?: (text: string) => void;
  /** Stops after the current step. */
  readonly signal?: AbortSignal;
}

/**
 * Takes a few steps and measures them; nothing is written.
 *
 * @returns undefined if it was stopped
 * @throws DataError if the data cannot be used
 */
export async function dryRun(
  config: RunConfig,
  { catalog = standard, steps = usualSteps, progress, say, signal }: DryRunOptions = {},
): Promise<DryRun | undefined> {
  const began = performance.now();
  const data = await openRunData(config, catalog.readers);
  for (const notice of data.notices) say?.(notice);
  const model = buildModel(config, data.dataset.categories.length, catalog);
  for (const note of [shortageNote(model, config, data), featuresNote(config, model.detector.backbone, data)]) {
    if (note !== undefined) say?.(`note: ${note}`);
  }
  if (config.init === 'none') noteFrozen(model, say);
  const weights = weightsOf(config, catalog);
  const { backbone } = model.detector;
  const { accumulate } = config.optimizer;
  const trainer = new Trainer(model, withKnownSlots(config, data.train));
  const features = keepsFeatures(config, backbone)
    ? new FeatureStore({ backbone, weights: trainer.frozenBackbone(), memoryBytes: Number.POSITIVE_INFINITY })
    : undefined;
  const loaders = loadersOf<Images | Features>(config, backbone, allImages(data.dataset), features?.load);
  const batches = loaders.training(data.train);
  // A second pass over the same batches finds the features that the first one has computed.
  const passes = features || steps.again ? 2 : 1;
  const medians: number[] = [];
  const { warmUp, measured } = steps;
  let startSeconds = 0;
  // In the first pass: the time that steps wait for batches, and the part of it that computes features.
  let waiting = 0;
  let computing = 0;
  let taken = warmUp + measured;
  let size = { height: 0, width: 0 };
  for (let pass = 0; pass < passes; pass++) {
    const times: number[] = [];
    // The second pass takes the same steps, since others might have to be traced.
    for await (const { micro, loss, seconds, waited } of stepsOf(trainer, batches, accumulate, taken)) {
      if (startSeconds === 0) startSeconds = (performance.now() - began) / 1000;
      times.push(seconds);
      size = micro[0] as typeof size;
      const step = pass * (warmUp + measured) + times.length;
      const images = micro.reduce((sum, { targets }) => sum + targets.length, 0);
      if (pass === 0) waiting += waited;
      const memoryMiB = process.memoryUsage.rss() / 2 ** 20;
      const share = step / (passes * (warmUp + measured));
      progress?.({ progress: share, step, loss, imagesPerSecond: images / seconds, memoryMiB });
      // Signals are handled between steps, since a step blocks the thread.
      await turn();
      const isEnough = times.slice(warmUp).reduce((sum, time) => sum + time, 0) > steps.seconds;
      if (signal?.aborted || isEnough) break;
    }
    if (signal?.aborted) break;
    taken = times.length;
    if (pass === 0) computing = features?.seconds.reduce((sum, one) => sum + one, 0) ?? 0;
    medians.push(medianOf(times.slice(warmUp)));
  }
  let secondsPerEvaluated = 0;
  if (!signal?.aborted) {
    const evaluated = { ...data, val: data.val.slice(0, config.batchSize) };
    secondsPerEvaluated = await secondsAnImage(model, evaluated, loaders.evaluation, trainer, steps.seconds);
    // The number of known queries grows with the fullest image of a batch, and memory with its square.
    const fullest = loaders.training(fullestImages(data.train, batches.batchSize));
    for await (const _ of stepsOf(trainer, fullest, accumulate, 1));
  }
  trainer.dispose();
  features?.dispose();
  if (signal?.aborted) return undefined;
  const secondsPerStep = medians.at(-1) as number;
  const imagesPerStep = batches.batchSize * accumulate;
  const secondsPerFeatures = features && medianOf(features.seconds);
  const secondsPerRead = features && Math.max(0, waiting - computing) / (taken * imagesPerStep);
  const stepsPerEpoch = batches.stepsPerEpoch / accumulate;
  const { unit, count } = config.length;
  const all = { steps: count, epochs: count * stepsPerEpoch, minutes: (60 * count) / secondsPerStep }[unit];
  const needed = features ? featuresMiB(config, backbone, data) : 0;
  // The fraction of the features that can be kept.
  const { memoryMiB, disk } = config.features;
  const share = disk || needed <= memoryMiB ? 1 : memoryMiB / needed;
  const views = all * imagesPerStep;
  const seen = Math.min(views, waysSeen(config) * data.train.length);
  const computed = seen + (1 - share) * (views - seen);
  const evaluations = Math.ceil(all / config.evaluation.every);
  const reading = Math.min(views, data.train.length) * (secondsPerRead ?? 0);
  const forFeatures = (1 + (1 - share) * (evaluations - 1)) * (secondsPerFeatures ?? 0) + (secondsPerRead ?? 0);
  const { height, width } = size;
  const imagesMiB = ((data.train.length + data.val.length) * 3 * height * width) / 2 ** 20;
  return {
    model: config.model.name,
    ...(weights && { pretrained: storedWeights(weights) }),
    cost: modelCost(model.detector, { height, width }),
    images: { train: data.train.length, val: data.val.length },
    stepsPerEpoch,
    steps: Math.ceil(all),
    secondsPerStep,
    ...(secondsPerFeatures !== undefined && { secondsPerFeatures, secondsPerRead }),
    expectedSeconds:
      unit === 'minutes' ? 60 * count : all * secondsPerStep + computed * (secondsPerFeatures ?? 0) + reading,
    evaluationSeconds: data.val.length * (evaluations * secondsPerEvaluated + forFeatures),
    startSeconds,
    peakMiB: Math.round(process.resourceUsage().maxRSS / 1024),
    keptMiB: Math.round(Math.min(needed, memoryMiB) + Math.min(imagesMiB, config.data.cacheMiB)),
    stepsMeasured: taken - warmUp,
  };
}

/** The first steps of a run, timed. */
async function* stepsOf(
  trainer: Trainer,
  batches: TrainingBatches<Images | Features>,
  accumulate: number,
  count: number,
) {
  const incoming = batches.from(0);
  try {
    for (let step = 0; step < count; step++) {
      const started = performance.now();
      const micro: LoadedBatch[] = [];
      while (micro.length < accumulate) {
        const { value } = await incoming.next();
        if (value) micro.push(value);
      }
      const waited = (performance.now() - started) / 1000;
      const { loss } = trainer.step(micro, step, 1);
      yield { micro, loss, waited, seconds: (performance.now() - started) / 1000 };
    }
  } finally {
    await incoming.return();
  }
}

/**
 * Seconds to evaluate one image. The first time includes tracing and computing features, so a second one is measured,
 * unless the first takes longer than `enough` seconds.
 */
async function secondsAnImage(
  model: Model,
  { val, dataset }: RunData,
  loading: EvaluationBatchesOptions<Images | Features>,
  trainer: Trainer,
  enough: number,
): Promise<number> {
  const evaluator = new Evaluator(model, val, loading);
  const parameters = trainer.parameters();
  let seconds = 0;
  for (let time = 0; time < 2 && seconds <= enough; time++) {
    const started = performance.now();
    evaluate(await evaluator.run(parameters), dataset.categories, undefined);
    seconds = (performance.now() - started) / 1000;
  }
  free(parameters);
  evaluator.dispose();
  return seconds / val.length;
}

/** The images with the most objects that training uses. */
function fullestImages(images: readonly DatasetImage[], count: number): DatasetImage[] {
  const counted = images.map((image) => ({ image, objects: queriesNeeded([image]) }));
  return counted
    .sort((a, b) => b.objects - a.objects)
    .slice(0, count)
    .map(({ image }) => image);
}

/** Notes that the run itself would be refused for lack of weights, which a dry run does not need. */
function noteFrozen(model: Model, say: DryRunOptions['say']): void {
  try {
    requireFrozenWeights(model);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    say?.(`note: the run itself would be refused: ${error.message}`);
  }
}

/**
 * The median is steadier than a mean on a noisy machine; of an even number of times the lower one is taken, since some
 * steps trace again.
 */
const medianOf = (times: readonly number[]): number => times[medianIndex(times)] as number;
