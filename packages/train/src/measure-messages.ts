/** Messages to and from the process that measures runs. */
import type { RunConfig } from './config/schema.ts';

/** Measurements of a run. */
export interface Measured {
  /** Seconds from the start of its process to the end, with evaluations, where nothing else keeps the machine busy. */
  readonly seconds: number;
  /** The most memory of its process; without a GPU's own. */
  readonly memoryMiB: number;
  /** Cores that the process keeps busy, as a mean over the measurement. */
  readonly cores: number;
}

export interface MeasureTask {
  readonly configs: readonly RunConfig[];
  /** Memory above which the process ends itself, by SIGKILL. */
  readonly limitMiB: number;
  readonly backend?: string;
}

export type MeasuredMessage =
  /** The next configuration's measure; they come in the order of the configurations. */
  | { readonly kind: 'measured'; readonly measured: Measured }
  /** A refusal in words for the user. */
  | { readonly kind: 'refused'; readonly message: string }
  | { readonly kind: 'tooLarge' }
  /** A mistake of ours, with its stack. */
  | { readonly kind: 'failed'; readonly stack: string };
