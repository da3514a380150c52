/** What is shown of a run, from what it tells. */
import type { RunProgress } from './progress.ts';
import type { TrainingEvents } from './training-run.ts';

/**
 * @param tell after each step
 * @param evaluated after each evaluation; the step that it comes after is told next, with its AP50
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
