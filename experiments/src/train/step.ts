/** One training step, captured: forward, matching, loss, backward, clipping and AdamW. */
import {
  type AdamWOptions,
  type AdamWState,
  adamwStep,
  clipByGlobalNorm,
  type ImageBatch,
  type KnownInputs,
  type ParameterLayout,
  valueAndFlatGrads,
} from '@dn-detr/core';
import { type Captured, capture, host, randomStream } from '@dn-detr/runtime';
import { mul, type Scalar, scalar, type Tensor, type Tensor1D } from '@tensorflow/tfjs-core';
import { type DetectionLossOptions, detectionLoss, type HostSide, type LossTerms } from './detection-loss.ts';

export interface TrainingStepOptions extends DetectionLossOptions {
  readonly trained: ParameterLayout;
  readonly frozen: ParameterLayout;
  readonly optimizer: AdamWOptions;
  /** the gradient's norm over all groups is cut to this */
  readonly clipNorm: number;
  /**
   * is told when the loss and the gradient are computed. It makes the step wait for the loss, so it is for measuring
   * alone.
   */
  readonly onPhase?: (phase: 'loss' | 'backward') => void;
}

/** What differs from step to step. */
export type StepInput = {
  state: AdamWState;
  /** one `[size]` tensor for each group of the frozen layout, if it has any */
  frozen: Tensor1D[];
  /** `adamwScalars` of the step */
  scalars: Tensor1D;
  batch: ImageBatch;
  known: KnownInputs | undefined;
  /** int32 scalar from which dropout draws; left out for none */
  seed?: Scalar | undefined;
};

export type StepOutput = LossTerms & {
  state: AdamWState;
  loss: Scalar;
  /** before clipping */
  gradNorm: Scalar;
};

/** A step that is traced once for each shape of its input; it owns nothing but its captures. */
export function trainingStep(options: TrainingStepOptions, hostSide: HostSide): Captured<StepInput, StepOutput> {
  const { optimizer, clipNorm, onPhase } = options;
  const lossOf = detectionLoss(options, hostSide);

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

  const step = ({ state, frozen, scalars, batch, known, seed }: StepInput): StepOutput => {
    const fixed = options.frozen.unflatten(frozen);
    const dropout = seed && randomStream(seed);
    const { loss, grads, aux } = valueAndFlatGrads(options.trained, state.params, (trained) => {
      const result = lossOf({ ...fixed, ...trained }, batch, known, { dropout });
      return onPhase === undefined ? result : { ...result, loss: wait('loss', result.loss, result.loss) };
    });
    const clipped = clipByGlobalNorm(grads, clipNorm);
    // The activations are freed before the new parameters are made.
    const next = adamwStep(state, clipped.grads, wait('backward', clipped.norm, scalars), optimizer);
    return { state: next, loss, gradNorm: clipped.norm, ...aux };
  };
  return capture(step, { name: 'training step' });
}
