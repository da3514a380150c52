/**
 * The lines that a run logs: one in `metrics.jsonl` for each step, and one in `evaluations.jsonl` for each evaluation.
 */
import type { Evaluation } from './evaluation.ts';
import type { StepRecord } from './trainer.ts';

/** How far a run has got. */
export interface Position {
  /** Number of updates done. */
  readonly step: number;
  /** Number of passes over the training images. */
  readonly epoch: number;
  /** Seconds of training, without evaluations. */
  readonly seconds: number;
}

/** A line of `metrics.jsonl`, with every term of the loss; names of terms of known queries begin with `tgt_`. */
export interface MetricsLine extends Position, Omit<StepRecord, 'terms'> {
  readonly [term: string]: number;
}

/** A line of `evaluations.jsonl`. */
export interface EvaluationLine extends Position, Evaluation {
  /** Mean training loss since the previous evaluation. */
  readonly loss: number;
  /**
   * Unweighted loss terms of the last decoder layer, as means over the same steps, by their names in `metrics.jsonl`.
   */
  readonly losses: Readonly<Record<string, number>>;
}
