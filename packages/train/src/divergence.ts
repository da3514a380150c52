/** Detects that training has diverged. */
import { byName } from '@dn-detr/core/loss';
import type { StepRecord } from './trainer.ts';

/** Summary of the loss so far, kept with a checkpoint. */
export interface LossHistory {
  /** Mean over the first steps; `null` before the first. */
  readonly initial: number | null;
  /** Moving average of the loss; `null` before the first step. */
  readonly smoothed: number | null;
  /** Number of steps in `initial`. */
  readonly counted: number;
}

export const noHistory: LossHistory = { initial: null, smoothed: null, counted: 0 };

const firstSteps = 20;
const decay = 0.98;
/** Losses fall from their initial value; a loss whose average reaches this many times that value does not recover. */
const limit = 4;

/** The history after another step. */
export function followLoss({ initial, smoothed, counted }: LossHistory, loss: number): LossHistory {
  const early = counted < firstSteps;
  return {
    initial: early ? ((initial ?? 0) * counted + loss) / (counted + 1) : initial,
    smoothed: smoothed === null ? loss : decay * smoothed + (1 - decay) * loss,
    counted: early ? counted + 1 : counted,
  };
}

/** Why a run cannot continue after this step; undefined while it can. */
export function divergence({ loss, gradNorm, terms }: StepRecord, history: LossHistory): string | undefined {
  const figures = { loss, ...byName(terms), 'the norm of the gradient': gradNorm };
  const broken = Object.entries(figures).filter(([, value]) => !Number.isFinite(value));
  if (broken.length > 0) return `${broken.map(([name, value]) => `${name} is ${value}`).join(', ')}`;
  const { initial, smoothed, counted } = history;
  if (initial === null || smoothed === null || counted < firstSteps || smoothed <= limit * initial) return undefined;
  return `the loss averages ${smoothed.toPrecision(3)}, ${limit} times the ${initial.toPrecision(3)} it began with`;
}
