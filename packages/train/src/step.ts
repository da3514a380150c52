/** Captured training steps: forward pass, matching, loss, backward pass, clipping and AdamW. */
import {
  adamwStep,
  clipFactor,
  type ImageBatch,
  type KnownInputs,
  type ParameterLayout,
  valueAndFlatGrads,
} from '@dn-detr/core';
import type { FeatureBatch } from '@dn-detr/core/models';
import { type AdamWOptions, type AdamWState, accumulate, emaStep } from '@dn-detr/core/optim';
import { type Captured, capture, type HostValue, host, randomStream } from '@dn-detr/runtime';
import { mul, type Scalar, scalar, type Tensor, type Tensor1D } from '@tensorflow/tfjs-core';
import {
  type BatchTargets,
  type DetectionLossOptions,
  detectionLoss,
  type LossFigures,
} from './objective/detection-loss.ts';

export interface GradientOptions extends DetectionLossOptions {
  readonly trained: ParameterLayout<string, string>;
  readonly frozen: ParameterLayout;
}

export interface UpdateOptions {
  readonly optimizer: AdamWOptions;
  /** Largest norm of the gradient over all groups; larger gradients are scaled down to it. */
  readonly clipNorm: number;
  /** Decay of the moving average of the weights; absent or 0 for none. */
  readonly ema?: number;
}

export interface TrainingStepOptions extends GradientOptions, UpdateOptions {
  /**
   * Called when each part of the step has been computed. It makes the step wait for the loss, so it is only for
   * measurements.
   */
  readonly onPhase?: (phase: 'forward' | 'matching' | 'loss' | 'backward') => void;
}

/** Everything that a step changes; `average` is empty if no moving average is kept. */
export type TrainingState = AdamWState & { average: Tensor1D[] };

/** The inputs that differ from batch to batch. */
export type BatchInput = {
  /** One `[size]` tensor for each group of the frozen layout, if it has any. */
  frozen: Tensor1D[];
  batch: ImageBatch | FeatureBatch;
  targets: HostValue<BatchTargets>;
  known: KnownInputs | undefined;
  /** Int32 scalar that seeds dropout; absent for no dropout. */
  seed?: Scalar | undefined;
};

/** The input of a captured training step. */
export type StepInput = BatchInput & {
  state: TrainingState;
  /** The step's `adamwScalars`. */
  scalars: Tensor1D;
};

/** The output of a captured training step. */
export type StepOutput = LossFigures & {
  state: TrainingState;
  loss: Scalar;
  /** Norm of the gradient before clipping. */
  gradNorm: Scalar;
};

/** Creates a step that is traced once for each shape of its input; it owns nothing but its captures. */
export function trainingStep(options: TrainingStepOptions): Captured<StepInput, StepOutput> {
  const { onPhase } = options;
  const gradient = gradientOf(options);

  /**
   * Returns `after`, but makes it wait for `before`. A captured step is cut there, and what it no longer needs is freed
   * before it continues.
   */
  const wait = <T extends Tensor>(phase: 'loss' | 'backward', before: Tensor, after: T): T => {
    const one = host([before], () => {
      onPhase?.(phase);
      return scalar(1);
    });
    return mul(after, one);
  };
  const waitForLoss = onPhase && ((loss: Scalar): Scalar => wait('loss', loss, loss));

  const step = ({ state, scalars, ...input }: StepInput): StepOutput => {
    const { loss, grads, aux } = gradient(state.params, input, waitForLoss);
    // Wait, so that the activations are freed before the new parameters are created.
    const updated = update(state, grads, options, (norm) => wait('backward', norm, scalars));
    return { ...updated, loss, ...aux };
  };
  return capture(step, { name: 'training step' });
}

/**
 * Creates a step in several micro-batches: the gradient of each is added to the previous ones, then one update follows.
 * With targets that count over all of them, it equals a step with one large batch.
 */
export function accumulatingStep(options: TrainingStepOptions): {
  readonly gradient: Captured<
    BatchInput & { params: Tensor1D[]; total: Tensor1D[] },
    LossFigures & { total: Tensor1D[]; loss: Scalar }
  >;
  readonly update: Captured<
    { state: TrainingState; total: Tensor1D[]; scalars: Tensor1D },
    { state: TrainingState; gradNorm: Scalar }
  >;
} {
  const gradient = gradientOf(options);
  return {
    gradient: capture(
      ({ params, total, ...input }) => {
        const { loss, grads, aux } = gradient(params, input);
        return { total: accumulate(total, grads), loss, ...aux };
      },
      { name: 'gradient' },
    ),
    update: capture(({ state, total, scalars }) => update(state, total, options, () => scalars), { name: 'update' }),
  };
}

function gradientOf(options: GradientOptions) {
  const lossOf = detectionLoss(options);
  return (
    params: Tensor1D[],
    { frozen, batch, targets, known, seed }: BatchInput,
    waitForLoss?: (loss: Scalar) => Scalar,
  ) => {
    const fixed = options.frozen.unflatten(frozen);
    const dropout = seed && randomStream(seed);
    return valueAndFlatGrads(options.trained, params, (trained) => {
      const result = lossOf({ ...fixed, ...trained }, batch, targets, known, { dropout });
      return waitForLoss === undefined ? result : { ...result, loss: waitForLoss(result.loss) };
    });
  };
}

/**
 * Clips the gradient and applies AdamW.
 *
 * @param scalarsAfter returns the step's scalars once the gradient's norm is known
 */
function update(
  { average, ...state }: TrainingState,
  grads: Tensor1D[],
  { optimizer, clipNorm, ema = 0 }: UpdateOptions,
  scalarsAfter: (norm: Scalar) => Tensor1D,
): { state: TrainingState; gradNorm: Scalar } {
  const { factor, norm } = clipFactor(grads, clipNorm);
  const next = adamwStep(state, grads, scalarsAfter(norm), optimizer, factor);
  return { state: { ...next, average: ema > 0 ? emaStep(average, next.params, ema) : [] }, gradNorm: norm };
}
