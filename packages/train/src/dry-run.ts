/** What a run would take, from a few of its steps. */
import { setImmediate as turn } from 'node:timers/promises';
import { type Catalog, catalog as standard } from './catalog.ts';
import type { RunConfig } from './config/schema.ts';
import { type ModelCost, modelCost } from './cost.ts';
import { Evaluator } from './evaluator.ts';
import { free } from './free.ts';
import { requireFrozenWeights } from './init.ts';
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
  /** of training, without evaluations */
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
  const shortage = shortageNote(model, config, data);
  if (shortage !== undefined) say?.(`note: ${shortage}`);
  if (config.init === 'none') noteFrozen(model, say);
  const weights = weightsOf(config, catalog);
  const loaders = loadersOf(config, model.detector.backbone, allImages(data.dataset));
  const batches = loaders.training(data.train);
  const { accumulate } = config.optimizer;
  const trainer = new Trainer(model, config);
  const times: number[] = [];
  let size = { height: 0, width: 0 };
  const incoming = batches.from(0);
  for (let step = 0; step < warmUp + measured && !signal?.aborted; step++) {
    const started = performance.now();
    const micro = [];
    while (micro.length < accumulate) {
      const { value } = await incoming.next();
      if (value) micro.push(value);
    }
    const { loss } = trainer.step(micro, step, 1);
    const seconds = (performance.now() - started) / 1000;
    times.push(seconds);
    size = micro[0] as typeof size;
    const images = micro.reduce((sum, { targets }) => sum + targets.length, 0);
    const share = (step + 1) / (warmUp + measured);
    const memoryMiB = process.memoryUsage.rss() / 2 ** 20;
    progress?.({ progress: share, step: step + 1, loss, imagesPerSecond: images / seconds, memoryMiB });
    // Signals are handled between steps, which hold the thread.
    await turn();
  }
  await incoming.return();
  if (!signal?.aborted) {
    const evaluator = new Evaluator(model, data.val.slice(0, config.batchSize), loaders.evaluation);
    const parameters = trainer.parameters();
    await evaluator.run(parameters);
    free(parameters);
    evaluator.dispose();
  }
  trainer.dispose();
  if (signal?.aborted) return undefined;
  const secondsPerStep = medianOf(times.slice(warmUp));
  const stepsPerEpoch = batches.stepsPerEpoch / accumulate;
  const { unit, count } = config.length;
  const steps = { steps: count, epochs: count * stepsPerEpoch, minutes: (60 * count) / secondsPerStep }[unit];
  const { height, width } = size;
  return {
    model: config.model.name,
    ...(weights && { pretrained: storedWeights(weights) }),
    cost: modelCost(model.detector, { height, width }),
    images: { train: data.train.length, val: data.val.length },
    stepsPerEpoch,
    steps: Math.ceil(steps),
    secondsPerStep,
    expectedSeconds: steps * secondsPerStep,
    peakMiB: Math.round(process.resourceUsage().maxRSS / 1024),
    stepsMeasured: measured,
  };
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
