/** What a run would take, from a few of its steps. */
import { setImmediate as turn } from 'node:timers/promises';
import type { Images, TrainingBatches } from '@dn-detr/data';
import { type Catalog, catalog as standard } from './catalog.ts';
import type { RunConfig } from './config/schema.ts';
import { type ModelCost, modelCost } from './cost.ts';
import { Evaluator } from './evaluator.ts';
import { FeatureStore } from './features/feature-store.ts';
import { featuresNote, waysSeen } from './features/features-note.ts';
import { keepsFeatures } from './features/run-features.ts';
import { free } from './free.ts';
import { requireFrozenWeights } from './init.ts';
import { withKnownSlots } from './known-slots.ts';
import type { Features, LoadedBatch } from './model-batch.ts';
import { buildModel, type Model } from './models/model.ts';
import { weightsOf } from './pretrained/init-setting.ts';
import { type StoredWeights, storedWeights } from './pretrained/pretrained-weights.ts';
import type { RunProgress } from './progress-events.ts';
import { shortageNote } from './query-shortage.ts';
import { allImages, loadersOf, openRunData } from './run-data.ts';
import { Trainer } from './trainer.ts';
import { UserError } from './user-error.ts';

export interface DryRun {
  readonly model: string;
  /** what it starts from, if pretrained weights */
  readonly pretrained?: StoredWeights;
  readonly cost: ModelCost;
  readonly images: { readonly train: number; readonly val: number };
  readonly stepsPerEpoch: number;
  /** of the whole run; as far as it can be told where its length is given in minutes */
  readonly steps: number;
  readonly secondsPerStep: number;
  /** where features are computed once: what that takes for an image, beside steps that begin at them */
  readonly secondsPerFeatures?: number;
  /** seconds of training, without evaluations; as if all features that are computed once could be kept */
  readonly expectedSeconds: number;
  /** largest resident memory of the process over these steps and a batch of evaluation; without a GPU's own */
  readonly peakMiB: number;
  readonly stepsMeasured: number;
}

/** The first steps trace the graph, and grow the pools of memory. */
const warmUp = 3;
const measured = 8;

export interface DryRunOptions {
  /** what configurations can name */
  readonly catalog?: Catalog;
  /** called after each step */
  readonly progress?: (state: RunProgress) => void;
  /** what a user should know before the run begins */
  readonly say?: (text: string) => void;
  /** ends it after the step at hand */
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
  { catalog = standard, progress, say, signal }: DryRunOptions = {},
): Promise<DryRun | undefined> {
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
  // A second pass over the same batches finds the features that the first has computed.
  const passes = features ? 2 : 1;
  const medians: number[] = [];
  let size = { height: 0, width: 0 };
  for (let pass = 0; pass < passes; pass++) {
    const times: number[] = [];
    for await (const { micro, loss, seconds } of stepsOf(trainer, batches, accumulate)) {
      times.push(seconds);
      size = micro[0] as typeof size;
      const step = pass * (warmUp + measured) + times.length;
      const images = micro.reduce((sum, { targets }) => sum + targets.length, 0);
      const memoryMiB = process.memoryUsage.rss() / 2 ** 20;
      const share = step / (passes * (warmUp + measured));
      progress?.({ progress: share, step, loss, imagesPerSecond: images / seconds, memoryMiB });
      // Signals are handled between steps, which hold the thread.
      await turn();
      if (signal?.aborted) break;
    }
    if (signal?.aborted) break;
    medians.push(medianOf(times.slice(warmUp)));
  }
  if (!signal?.aborted) {
    const evaluator = new Evaluator(model, data.val.slice(0, config.batchSize), loaders.evaluation);
    const parameters = trainer.parameters();
    await evaluator.run(parameters);
    free(parameters);
    evaluator.dispose();
  }
  trainer.dispose();
  features?.dispose();
  if (signal?.aborted) return undefined;
  const secondsPerStep = medians.at(-1) as number;
  const imagesPerStep = batches.batchSize * accumulate;
  const secondsPerFeatures = features && Math.max(0, ((medians[0] as number) - secondsPerStep) / imagesPerStep);
  const stepsPerEpoch = batches.stepsPerEpoch / accumulate;
  const { unit, count } = config.length;
  const all = { steps: count, epochs: count * stepsPerEpoch, minutes: (60 * count) / secondsPerStep }[unit];
  const computed = Math.min(all * imagesPerStep, waysSeen(config) * data.train.length);
  const { height, width } = size;
  return {
    model: config.model.name,
    ...(weights && { pretrained: storedWeights(weights) }),
    cost: modelCost(model.detector, { height, width }),
    images: { train: data.train.length, val: data.val.length },
    stepsPerEpoch,
    steps: Math.ceil(all),
    secondsPerStep,
    ...(secondsPerFeatures !== undefined && { secondsPerFeatures }),
    expectedSeconds: unit === 'minutes' ? 60 * count : all * secondsPerStep + computed * (secondsPerFeatures ?? 0),
    peakMiB: Math.round(process.resourceUsage().maxRSS / 1024),
    stepsMeasured: measured,
  };
}

/** The first steps of a run, timed. */
async function* stepsOf(trainer: Trainer, batches: TrainingBatches<Images | Features>, accumulate: number) {
  const incoming = batches.from(0);
  try {
    for (let step = 0; step < warmUp + measured; step++) {
      const started = performance.now();
      const micro: LoadedBatch[] = [];
      while (micro.length < accumulate) {
        const { value } = await incoming.next();
        if (value) micro.push(value);
      }
      const { loss } = trainer.step(micro, step, 1);
      yield { micro, loss, seconds: (performance.now() - started) / 1000 };
    }
  } finally {
    await incoming.return();
  }
}

/** A dry run needs no weights; the run would. */
function noteFrozen(model: Model, say: DryRunOptions['say']): void {
  try {
    requireFrozenWeights(model);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    say?.(`note: the run itself would be refused: ${error.message}`);
  }
}

/** Steadier than a mean on a noisy machine. */
const medianOf = (times: readonly number[]): number =>
  times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] as number;
