/** A training run from its first step, or from where it stopped, to its last. */
import { existsSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import type { NamedTensors } from '@dn-detr/core';
import { byName } from '@dn-detr/core/loss';
import type { DatasetImage, Images, TrainingBatch, TrainingBatches } from '@dn-detr/data';
import { PredictionError } from '@dn-detr/matcher';
import type { QueryMatches } from '@dn-detr/metrics';
import type { BackendChoice } from '@dn-detr/runtime';
import { removeFile } from './atomic-file.ts';
import { type Counters, loadRun, saveRun, saveWeights } from './checkpoint.ts';
import { divergence, followLoss, noHistory } from './divergence.ts';
import { evaluate } from './evaluation.ts';
import { Evaluator, type Inferred } from './evaluator.ts';
import type { FeatureStore } from './features/feature-store.ts';
import { featureStore, keepsFeatures } from './features/run-features.ts';
import { free } from './free.ts';
import { writeJson } from './json-files.ts';
import type { SettledConfig } from './known-slots.ts';
import { LineLog } from './line-log.ts';
import type { EvaluationLine, MetricsLine, Position } from './log-lines.ts';
import type { Features } from './model-batch.ts';
import type { Model } from './models/model.ts';
import { allImages, loadersOf, type RunData } from './run-data.ts';
import type { RunFolder } from './run-folder.ts';
import { followedIndices, type SamplesLine, sampleIndices, samplesOf, writeSampleImages } from './samples.ts';
import { learningRateFactor } from './schedule.ts';
import { type EventFile, openEventFile } from './tensorboard/event-file.ts';
import { evaluationTags, stepTags } from './tensorboard/tags.ts';
import { type StepRecord, Trainer } from './trainer.ts';
import { UserError } from './user-error.ts';

type Incoming = TrainingBatch<Images | Features>;

/** Callbacks for the events of a run. */
export interface TrainingEvents {
  /**
   * Called after every step.
   *
   * @param progress completed fraction of the run
   */
  step?(line: MetricsLine, progress: number, imagesPerSecond: number): void;
  /** Called after an evaluation, before `step` is called for the step that it follows. */
  evaluation?(line: EvaluationLine): void;
}

export interface TrainingRunOptions {
  readonly config: SettledConfig;
  readonly model: Model;
  readonly data: RunData;
  readonly folder: RunFolder;
  /** Parameters that are not drawn with the seed, by name. */
  readonly initial?: NamedTensors;
  readonly events?: TrainingEvents;
  readonly backend: BackendChoice;
  /** Called with problems that a user should know about but that do not end the run. */
  readonly say: (notice: string) => void;
}

/** A run in its folder: steps, evaluations, checkpoints and logs. */
export class TrainingRun {
  readonly #options: TrainingRunOptions;
  readonly #trainer: Trainer;
  readonly #evaluator: Evaluator;
  readonly #features: FeatureStore | undefined;
  readonly #batches: TrainingBatches<Images | Features>;
  readonly #metrics: LineLog<MetricsLine>;
  readonly #evaluations: LineLog<EvaluationLine>;
  readonly #samples: LineLog<SamplesLine>;
  readonly #board: EventFile;
  /** Number of steps in the last checkpoint. */
  #saved: number | undefined;
  #flushed = 0;
  #counters: Counters = { step: 0, seconds: 0, bestAP: -1, history: noHistory, recent: nothingYet };
  #matches: QueryMatches | undefined;

  /**
   * Continues from the last checkpoint in the folder, if there is one.
   *
   * @throws UserError if the folder cannot be written to, or its checkpoint belongs to another model
   */
  constructor(options: TrainingRunOptions) {
    this.#options = options;
    const { config, model, data, folder, initial } = options;
    const saved = existsSync(folder.last) ? loadRun(folder.last, model) : undefined;
    this.#trainer = new Trainer(model, config, saved?.frozen ?? initial);
    if (saved) {
      this.#trainer.restore(saved.state);
      free(saved.frozen);
      this.#counters = saved.counters;
      this.#saved = saved.counters.step;
      this.#matches = saved.matches;
    }
    const { step } = this.#counters;
    const { backbone } = model.detector;
    if (keepsFeatures(config, backbone)) {
      const { backend, say } = options;
      const weights = this.#trainer.frozenBackbone();
      this.#features = featureStore(config, { backbone, weights, data, backend, say });
    }
    const loaders = loadersOf<Images | Features>(config, backbone, allImages(data.dataset), this.#features?.load);
    this.#evaluator = new Evaluator(model, data.val, loaders.evaluation);
    this.#batches = loaders.training(data.train);
    this.#metrics = new LineLog(folder.metrics, step);
    this.#evaluations = new LineLog(folder.evaluations, step);
    this.#samples = new LineLog(folder.samples.evaluations, step);
    removeFile(folder.diverged);
    this.#board = openEventFile(folder.events, step + 1);
  }

  /** The counters so far: steps, seconds and losses. */
  get counters(): Counters {
    return this.#counters;
  }

  /** Whether the run has reached its full length. */
  get finished(): boolean {
    return this.#progress() >= 1;
  }

  /**
   * Trains until the run has finished, or until the signal stops it after the current step. Either way everything is
   * saved.
   *
   * @throws UserError if training diverges or a file cannot be written; the last checkpoint stays as it is
   * @throws DataError if an image cannot be read
   */
  async go(signal?: AbortSignal): Promise<void> {
    const { config } = this.#options;
    const { accumulate } = config.optimizer;
    const incoming = this.#batches.from(this.#counters.step * accumulate);
    try {
      while (!this.finished && !signal?.aborted) {
        const started = performance.now();
        const batches: Incoming[] = [];
        while (batches.length < accumulate) batches.push((await incoming.next()).value as Incoming);
        const { line, imagesPerSecond } = this.#advance(batches, started);
        const { step } = line;
        if (step % config.evaluation.every === 0 || this.finished) await this.#evaluate(batches);
        this.#options.events?.step?.(line, Math.min(1, this.#progress()), imagesPerSecond);
        if (step % config.checkpoint.every === 0) await this.#save(batches);
        else if (performance.now() - this.#flushed > flushInterval) this.#flush();
        // Signals are handled between steps, since a step blocks the thread.
        await turn();
      }
      if (this.#saved !== this.#counters.step) await this.#save([]);
    } finally {
      await incoming.return(undefined);
    }
  }

  /** Frees tensors and closes files. */
  dispose(): void {
    this.#board.close();
    this.#trainer.dispose();
    this.#evaluator.dispose();
    this.#features?.dispose();
    free(this.#options.initial);
  }

  #progress(): number {
    const { unit, count } = this.#options.config.length;
    if (unit === 'minutes') return this.#counters.seconds / (60 * count);
    const steps = unit === 'steps' ? count : Math.ceil(count * this.#stepsPerEpoch());
    return this.#counters.step / steps;
  }

  #stepsPerEpoch(): number {
    return this.#batches.stepsPerEpoch / this.#options.config.optimizer.accumulate;
  }

  #position(): Position {
    const { step, seconds } = this.#counters;
    return { step, epoch: round(step / this.#stepsPerEpoch()), seconds: round(seconds) };
  }

  #advance(batches: readonly Incoming[], started: number): { line: MetricsLine; imagesPerSecond: number } {
    const { config } = this.#options;
    const { step, seconds, history, recent } = this.#counters;
    const factor = learningRateFactor(config.schedule, step, Math.min(1, this.#progress()));
    const record = this.#step(batches, factor);
    const elapsed = (performance.now() - started) / 1000;
    this.#counters = {
      ...this.#counters,
      step: step + 1,
      seconds: seconds + elapsed,
      history: followLoss(history, record.loss),
      recent: {
        steps: recent.steps + 1,
        loss: recent.loss + record.loss,
        losses: mapValues(lossesOfLastLayer(record), (value, name) => value + (recent.losses[name] ?? 0)),
      },
    };
    const { terms, ...figures } = record;
    const line: MetricsLine = { ...this.#position(), ...figures, ...byName(terms) };
    this.#metrics.add(line);
    const problem = divergence(record, this.#counters.history);
    const { step: after } = this.#counters;
    if (problem !== undefined) throw this.#stopDiverged(problem, after, batches, line);
    this.#board.scalars(after, Date.now(), stepTags(figures, terms));
    const images = batches.reduce((sum, { targets }) => sum + targets.length, 0);
    return { line, imagesPerSecond: images / elapsed };
  }

  #step(batches: readonly Incoming[], factor: number): StepRecord {
    const { step } = this.#counters;
    try {
      return this.#trainer.step(batches, step, factor);
    } catch (error) {
      throw this.#unmatched(error, step + 1, batches);
    }
  }

  /**
   * Evaluates, logs the figures, and keeps the weights if they have the best AP.
   *
   * @param batches batches of the last step, for the report if it has broken the weights
   */
  async #evaluate(batches: readonly Incoming[]): Promise<void> {
    const { data, folder, model, config, events } = this.#options;
    const parameters = this.#trainer.parameters();
    let inferred: Inferred;
    try {
      inferred = await this.#evaluator.run(parameters);
    } catch (error) {
      throw this.#unmatched(error, this.#counters.step, batches);
    }
    // The last evaluation may follow the previous one after a shorter interval, in which fewer matches change.
    const before = this.#counters.step % config.evaluation.every === 0 ? this.#matches : undefined;
    const found = evaluate(inferred, data.dataset.categories, before);
    this.#matches = inferred.matches;
    const { loss, losses, steps } = this.#counters.recent;
    const mean = (total: number): number => total / Math.max(1, steps);
    const line: EvaluationLine = { ...this.#position(), loss: mean(loss), losses: mapValues(losses, mean), ...found };
    this.#evaluations.add(line);
    if (!existsSync(folder.samples.images)) {
      await writeSampleImages(
        folder,
        sampleIndices(inferred).map((n) => inferred.images[n] as DatasetImage),
      );
    }
    this.#samples.add({ step: line.step, images: samplesOf(inferred, followedIndices(folder, inferred)) });
    this.#board.scalars(line.step, Date.now(), evaluationTags(line));
    if (found.AP > this.#counters.bestAP) {
      this.#counters = { ...this.#counters, bestAP: found.AP };
      await saveWeights(folder.best, model, parameters, { config, categories: data.dataset.categories });
    }
    free(parameters);
    this.#counters = { ...this.#counters, recent: nothingYet };
    this.#flush();
    events?.evaluation?.(line);
  }

  /**
   * Writes a checkpoint.
   *
   * @param batches batches of the last step, for the report if it has broken the weights
   */
  async #save(batches: readonly Incoming[]): Promise<void> {
    const { config, data, folder, model } = this.#options;
    const { step } = this.#counters;
    if (!this.#trainer.isSound()) throw this.#stopDiverged('the weights are no longer finite', step, batches);
    this.#flush();
    const weights = this.#trainer.parameters('trained');
    const about = { config, categories: data.dataset.categories };
    const saved = { counters: this.#counters, state: this.#trainer.state, matches: this.#matches };
    await saveRun(folder.last, model, weights, about, saved);
    this.#saved = step;
    free(weights);
  }

  #flush(): void {
    this.#flushed = performance.now();
    for (const log of [this.#metrics, this.#evaluations, this.#samples, this.#board]) log.flush();
  }

  /**
   * Reports predictions that are not numbers as divergence: they cannot be matched, so there is neither a loss nor an
   * evaluation to inspect.
   */
  #unmatched(error: unknown, step: number, batches: readonly Incoming[]): unknown {
    return error instanceof PredictionError ? this.#stopDiverged(error.message, step, batches) : error;
  }

  /** Records what is known about a divergence; the last checkpoint stays. */
  #stopDiverged(problem: string, step: number, batches: readonly Incoming[], line?: MetricsLine): UserError {
    const { folder } = this.#options;
    this.#metrics.flush();
    const images = batches.flatMap(({ sources }) => sources.map(({ name }) => name));
    writeJson(folder.diverged, { problem, step, images, ...(line && { figures: line }) });
    const from = existsSync(folder.last) ? `the last checkpoint before it is ${folder.last}` : 'there is no checkpoint';
    return new UserError(
      `training stopped at step ${step}: ${problem}; ${from}. ${folder.diverged} names the images of the step and its ` +
        'figures. A lower optimizer.learningRate, a longer schedule.warmUp or a lower optimizer.clipNorm usually helps',
    );
  }
}

/** Logs are written at least every so many milliseconds, for those who follow them. */
const flushInterval = 5000;

const nothingYet: Counters['recent'] = { steps: 0, loss: 0, losses: {} };

const mapValues = (record: Readonly<Record<string, number>>, value: (value: number, name: string) => number) =>
  Object.fromEntries(Object.entries(record).map(([name, before]) => [name, value(before, name)]));

/** The loss terms of the last layer, for matching and known queries. */
const lossesOfLastLayer = ({ terms }: StepRecord): Record<string, number> =>
  byName(terms.filter(({ kind, last }) => kind === 'term' && last));

const round = (value: number): number => Math.round(value * 1000) / 1000;
