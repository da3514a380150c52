/** Training steps, captured: forward, matching, loss, backward, clipping and AdamW. */
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
  /** The gradient's norm over all groups is clipped to this. */
  readonly clipNorm: number;
  /** Decay of the moving average of the weights, where there is one. */
  readonly ema?: number;
}

export interface TrainingStepOptions extends GradientOptions, UpdateOptions {
  /**
   * Called when each part of the step is computed. It makes the step wait for the loss, so use it only for measuring.
   */
  readonly onPhase?: (phase: 'forward' | 'matching' | 'loss' | 'backward') => void;
}

/** All that a step changes; `average` is empty where no moving average is kept. */
export type TrainingState = AdamWState & { average: Tensor1D[] };

/** Input that differs from batch to batch. */
export type BatchInput = {
  /** One `[size]` tensor for each group of the frozen layout, if it has any. */
  frozen: Tensor1D[];
  batch: ImageBatch | FeatureBatch;
  targets: HostValue<BatchTargets>;
  known: KnownInputs | undefined;
  /** Scalar (int32) from which dropout draws; absent for no dropout. */
  seed?: Scalar | undefined;
};

/** Input of a captured training step. */
export type StepInput = BatchInput & {
  state: TrainingState;
  /** `adamwScalars` of the step */
  scalars: Tensor1D;
};

/** Output of a captured training step. */
export type StepOutput = LossFigures & {
  state: TrainingState;
  loss: Scalar;
  /** Norm of the gradient before clipping. */
  gradNorm: Scalar;
};

/** A step that is traced once for each shape of its input; it owns nothing but its captures. */
export function trainingStep(options: TrainingStepOptions): Captured<StepInput, StepOutput> {
  const { onPhase } = options;
  const gradient = gradientOf(options);

  /**
   * The same as `after`, but computed once `before` is. A captured step is cut there: what it needs no more is freed
   * before it goes on.
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
    // The activations are freed before the new parameters are made.
    const updated = update(state, grads, options, (norm) => wait('backward', norm, scalars));
    return { ...updated, loss, ...aux };
  };
  return capture(step, { name: 'training step' });
}

/**
 * A step in several micro-batches: the gradient of each is added to those before it, then one update follows. With the
 * counts of all of them in the targets it equals a step with one large batch.
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

/** @param scalarsAfter the step's scalars, asked for once the gradient's norm is known */
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
