/** Progress of a run as it is shown, from its events. */
import type { TrainingEvents } from './training-run.ts';

/** Where a run stands, as far as it is shown. */
export interface RunProgress {
  /** Share of the run that is done, in 0..1. */
  readonly progress: number;
  readonly step: number;
  readonly loss: number;
  readonly imagesPerSecond: number;
  /** Resident memory of the run's process. */
  readonly memoryMiB: number;
  /** AP50 of the last evaluation. */
  readonly AP50?: number;
}

/**
 * The events of a training run as its progress.
 *
 * @param tell after each step
 * @param evaluated after each evaluation; the step that it comes after is reported next, with its AP50
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
