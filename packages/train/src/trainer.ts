/** A model in training: its parameters, its optimiser and its captured step. */
import { createHash } from 'node:crypto';
import { adamwInit, adamwScalars, initialParameters, type NamedTensors } from '@dn-detr/core';
import { knownCounts, type LoggedFigure } from '@dn-detr/core/loss';
import { type AdamWOptions, zeroFlats } from '@dn-detr/core/optim';
import { type KnownQueries, prepareKnownQueries, seededNoise } from '@dn-detr/dn';
import { knownInputs } from '@dn-detr/dn/tfjs';
import { hostValue } from '@dn-detr/runtime';
import { abs, scalar, sum, type Tensor, type Tensor1D, tensor1d, tidy } from '@tensorflow/tfjs-core';
import { free } from './free.ts';
import type { SettledConfig } from './known-slots.ts';
import { batchTensors, type LoadedBatch } from './model-batch.ts';
import type { Model } from './models/model.ts';
import { type BatchTargets, type LossFigures, loggedFigures } from './objective/detection-loss.ts';
import { numLogitsOf } from './objective/objective.ts';
import { optimizerGroups } from './parameter-rates.ts';
import { replayed } from './replayed.ts';
import { accumulatingStep, type BatchInput, type TrainingState, trainingStep } from './step.ts';

/** The figures that are logged for a step. */
export interface StepRecord {
  readonly loss: number;
  /** Norm of the gradient before clipping. */
  readonly gradNorm: number;
  readonly learningRate: number;
  /** Number of known queries in all images, padding not included. */
  readonly knownQueries: number;
  /** Figures of every layer, for known and matching queries: `lossFigures` and `errorFigures`. */
  readonly terms: readonly LoggedFigure[];
}

/** Settings of the trainer: the seed of initial weights, noise and dropout; denoising; and the optimiser. */
export type TrainerSettings = Pick<SettledConfig, 'seed' | 'denoising' | 'optimizer'>;

/** A model in training: its parameters, the optimiser's state and the captured step. */
export class Trainer {
  readonly #model: Model;
  readonly #settings: TrainerSettings;
  readonly #frozen: Tensor1D[];
  readonly #optimizer: AdamWOptions;
  readonly #whole: ReturnType<typeof trainingStep>;
  readonly #parts: ReturnType<typeof accumulatingStep>;
  #state: TrainingState;

  /**
   * Creates a trainer.
   *
   * @param initial parameters that are not drawn with the seed, by name; the caller disposes them
   */
  constructor(model: Model, settings: TrainerSettings, initial: NamedTensors = {}) {
    this.#model = model;
    this.#settings = settings;
    const { clipNorm, ema, betas } = settings.optimizer;
    this.#optimizer = {
      groups: optimizerGroups(model.trained.groups, settings.optimizer),
      beta1: betas[0],
      beta2: betas[1],
    };
    const options = { ...model, ...model.objective, optimizer: this.#optimizer, clipNorm, ema };
    this.#whole = trainingStep(options);
    this.#parts = accumulatingStep(options);
    const { trained, frozen } = tidy(() => {
      const values: NamedTensors = { ...initialParameters(model.detector.parameters, settings.seed), ...initial };
      const pick = (names: readonly { name: string }[]) =>
        Object.fromEntries(names.map(({ name }) => [name, values[name] as Tensor]));
      return {
        trained: model.trained.flatten(pick(model.trained.parameters)),
        frozen: model.frozen.flatten(pick(model.frozen.parameters)),
      };
    });
    this.#frozen = frozen;
    this.#state = { ...adamwInit(trained), average: ema > 0 ? trained.map((flat) => flat.clone()) : [] };
  }

  /** Everything that steps change; the trainer keeps ownership. */
  get state(): TrainingState {
    return this.#state;
  }

  /** Continues from another state, which the trainer then owns. */
  restore(state: TrainingState): void {
    free(this.#state);
    this.#state = state;
  }

  /** Whether all weights are finite. */
  isSound(): boolean {
    return tidy(() => this.#state.params.every((flat) => Number.isFinite(sum(abs(flat)).dataSync()[0])));
  }

  /**
   * The parameters to evaluate, by name: the moving average if there is one. With `trained`, the weights themselves.
   * The caller disposes them.
   */
  parameters(which: 'evaluated' | 'trained' = 'evaluated'): NamedTensors {
    const { average, params } = this.#state;
    const flats = which === 'evaluated' && average.length > 0 ? average : params;
    return { ...this.#model.trained.unflatten(flats), ...this.#model.frozen.unflatten(this.#frozen) };
  }

  /** The parameters of a backbone that is completely frozen, by name. The caller disposes them. */
  frozenBackbone(): NamedTensors {
    return tidy(() => {
      const frozen = this.#model.frozen.unflatten(this.#frozen);
      return Object.fromEntries(
        this.#model.detector.backbone.parameters.map(({ name }) => [name, frozen[name] as Tensor]),
      );
    });
  }

  /**
   * Takes one training step.
   *
   * @param batches the micro-batches of the step: one without accumulation
   * @param step number of updates done before this one
   * @param factor factor of the learning rate
   */
  step(batches: readonly LoadedBatch[], step: number, factor: number): StepRecord {
    const prepared = batches.map((batch, i) => ({
      batch,
      queries: knownQueriesAt(batch, this.#model, this.#settings, { step, micro: i }),
    }));
    const whole = batches.length > 1 ? wholeStep(prepared) : undefined;
    const scalars = tensor1d(adamwScalars(step + 1, this.#optimizer, factor));
    const totals = { loss: 0, knownQueries: 0 };
    const terms = new Map<string, LoggedFigure>();
    const add = ({ loss, ...figures }: LossFigures & { loss: Tensor }, { batch, queries }: Prepared): void => {
      totals.loss += loss.dataSync()[0] as number;
      totals.knownQueries += queries?.usage.queries ?? 0;
      const { detector, objective } = this.#model;
      const lastLogit = numLogitsOf(objective.head, detector.numClasses) - 1;
      const logged = loggedFigures(figures, objective.terms, batch.targets, lastLogit);
      for (const figure of logged) {
        const value = figure.kind === 'error' ? figure.value / batches.length : figure.value;
        terms.set(figure.name, { ...figure, value: (terms.get(figure.name)?.value ?? 0) + value });
      }
    };

    let gradNorm: Tensor;
    let next: TrainingState;
    if (batches.length === 1) {
      const [only] = prepared as [Prepared];
      const input = this.#input(only, whole, step, 0);
      const output = replayed(this.#whole, { ...input, state: this.#state, scalars });
      add(output, only);
      ({ gradNorm, state: next } = output);
      disposeInput(input);
      free(output.loss, output.sets);
    } else {
      let total = zeroFlats(this.#model.trained);
      prepared.forEach((part, i) => {
        const input = this.#input(part, whole, step, i);
        const output = replayed(this.#parts.gradient, { ...input, params: this.#state.params, total });
        add(output, part);
        disposeInput(input);
        free(total, output.loss, output.sets);
        total = output.total;
      });
      ({ gradNorm, state: next } = replayed(this.#parts.update, { state: this.#state, total, scalars }));
      free(total);
    }
    const norm = gradNorm.dataSync()[0] as number;
    free(scalars, gradNorm);
    this.restore(next);
    return {
      ...totals,
      terms: [...terms.values()],
      gradNorm: norm,
      learningRate: this.#settings.optimizer.learningRate * factor,
    };
  }

  /** Frees the parameters, the optimiser's state and the captured steps. */
  dispose(): void {
    this.#whole.dispose();
    this.#parts.gradient.dispose();
    this.#parts.update.dispose();
    free(this.#state, this.#frozen);
  }

  #input({ batch, queries }: Prepared, whole: BatchTargets['whole'], step: number, micro: number): BatchInput {
    return {
      frozen: this.#frozen,
      batch: batchTensors(batch),
      targets: hostValue({ objects: batch.targets, known: queries?.targets, whole }),
      known: queries && knownInputs(queries),
      seed: this.#model.drops ? scalar(dropoutSeed(this.#settings.seed, step, micro), 'int32') : undefined,
    };
  }
}

/** The dropout seed of a micro-batch: 32 bits of the hash of its stream's name. */
export const dropoutSeed = (seed: number, step: number, micro: number): number =>
  createHash('sha256').update(`${seed}/dropout/${step}/${micro}`).digest().readInt32LE(0);

interface Prepared {
  readonly batch: LoadedBatch;
  readonly queries: KnownQueries | undefined;
}

/** Counts over all micro-batches of a step, which make their losses add up to that of one large batch. */
function wholeStep(prepared: readonly Prepared[]): BatchTargets['whole'] {
  const known = prepared.flatMap(({ queries }) => (queries ? [queries.targets] : []));
  return {
    objectsPerImage: prepared.flatMap(({ batch }) => batch.targets.map(({ labels }) => labels.length)),
    known: known.length > 0 ? knownCounts(known) : undefined,
  };
}

/**
 * Creates the known queries of a micro-batch; undefined for a model that is trained without.
 *
 * @param at number of updates done before this one, and the index of the micro-batch in its step
 */
export function knownQueriesAt(
  { targets }: Pick<LoadedBatch, 'targets'>,
  { denoises, detector }: Pick<Model, 'denoises' | 'detector'>,
  { seed, denoising }: Pick<TrainerSettings, 'seed' | 'denoising'>,
  { step, micro }: { readonly step: number; readonly micro: number },
): KnownQueries | undefined {
  if (!denoises || denoising === undefined) return undefined;
  const fits = { numClasses: detector.numClasses, matchingQueries: detector.queries };
  return prepareKnownQueries(targets, seededNoise(`${seed}/noise/${step}/${micro}`), denoising, fits);
}

function disposeInput({ batch, known, seed }: BatchInput): void {
  free(batch, known, seed);
}
