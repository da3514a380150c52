/** Messages between a process that measures runs and its parent. */
import type { RunConfig } from './config/schema.ts';

/** The measured cost of a run. */
export interface Measured {
  /** Seconds from the start of the run's process to its end, including evaluations, on an otherwise idle machine. */
  readonly seconds: number;
  /** Largest memory of the run's process, without a GPU's own memory. */
  readonly memoryMiB: number;
  /** Number of cores that the run keeps busy, as a mean over the measurement. */
  readonly cores: number;
}

export interface MeasureTask {
  readonly configs: readonly RunConfig[];
  /** Memory above which the process kills itself with SIGKILL. */
  readonly limitMiB: number;
  readonly backend?: string;
}

export type MeasuredMessage =
  /** The cost of the next configuration; messages come in the order of the configurations. */
  | { readonly kind: 'measured'; readonly measured: Measured }
  /** A configuration was refused, with a message for the user. */
  | { readonly kind: 'refused'; readonly message: string }
  | { readonly kind: 'tooLarge' }
  /** A bug in the toolkit, with its stack. */
  | { readonly kind: 'failed'; readonly stack: string };
