/** Log of a run: a line of `metrics.jsonl` for each step, and of `evaluations.jsonl` for each evaluation. */
import type { Evaluation } from './evaluation.ts';
import type { StepRecord } from './trainer.ts';

/** Where a run stands. */
export interface Position {
  /** Updates done. */
  readonly step: number;
  /** Passes over the training images. */
  readonly epoch: number;
  /** Seconds spent on training, without evaluations. */
  readonly seconds: number;
}

/** A line of `metrics.jsonl`: also every term of the loss, those of known queries beginning with `tgt_`. */
export interface MetricsLine extends Position, Omit<StepRecord, 'terms'> {
  readonly [term: string]: number;
}

/** A line of `evaluations.jsonl`. */
export interface EvaluationLine extends Position, Evaluation {
  /** Mean training loss since the previous evaluation. */
  readonly loss: number;
  /** Its terms of the last decoder layer, not weighted, by the names of `metrics.jsonl`. */
  readonly losses: Readonly<Record<string, number>>;
}
