/** Converts the events of a run to its progress, for display. */
import type { TrainingEvents } from './training-run.ts';

/** The progress of a run, for display. */
export interface RunProgress {
  /** Completed fraction of the run, in 0..1. */
  readonly progress: number;
  readonly step: number;
  readonly loss: number;
  readonly imagesPerSecond: number;
  /** Resident memory of the run's process. */
  readonly memoryMiB: number;
  /** AP50 of the last evaluation; absent before the first. */
  readonly AP50?: number;
}

/**
 * Creates event handlers that report a training run's progress.
 *
 * @param tell called after each step
 * @param evaluated called after each evaluation; the step that it follows is reported next, with its AP50
 */
export function progressEvents(tell: (state: RunProgress) => void, evaluated: () => void): TrainingEvents {
  let found: Pick<RunProgress, 'AP50'> = {};
  return {
    step({ step, loss }, progress, imagesPerSecond) {
      tell({ progress, step, loss, imagesPerSecond, memoryMiB: process.memoryUsage.rss() / 2 ** 20, ...found });
    },
    evaluation({ AP50 }) {
      found = { AP50 };
      evaluated();
    },
  };
}
