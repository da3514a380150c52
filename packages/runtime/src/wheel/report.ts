/**
 * Messages of set-up for the person who waits: steps and progress, on stderr, so that stdout stays a command's result.
 */
import { SingleBar } from 'cli-progress';

export interface Progress {
  update(bytes: number): void;
  /** Ends the bar at its full length. */
  done(): void;
  /** Ends the bar where it is. Does nothing after `done`. */
  stop(): void;
}

/** Receives the progress of a set-up. */
export interface Report {
  /** Reports the step that begins. */
  step(text: string): void;
  /** Reports that a download or an unpacking begins; the result takes its progress. */
  progress(label: string, totalBytes: number): Progress;
}

/** Reports to stderr; where stderr is not a terminal, a line every two seconds replaces the moving bar. */
export const stderrReport: Report = {
  step(text) {
    process.stderr.write(`[setup] ${text}\n`);
  },
  progress(label, totalBytes) {
    const bar = new SingleBar({
      format: `[setup] ${label} {bar} {percentage}% of ${Math.round(totalBytes / 1e6)} MB, {duration_formatted}`,
      stream: process.stderr,
      noTTYOutput: true,
      notTTYSchedule: 2000,
      hideCursor: true,
      barsize: 24,
      clearOnComplete: false,
    });
    let running = false;
    const start = (): void => {
      if (!running) bar.start(totalBytes, 0);
      running = true;
    };
    return {
      update(bytes) {
        start();
        bar.update(Math.min(bytes, totalBytes));
      },
      done() {
        start();
        bar.update(totalBytes);
        bar.stop();
        running = false;
      },
      stop() {
        if (running) bar.stop();
        running = false;
      },
    };
  },
};
