/** Progress of a pass over many images: a bar on a terminal, occasional lines elsewhere. */
import { Presets, SingleBar } from 'cli-progress';
import type { Output } from '../terminal.ts';

/** Milliseconds between two lines if the stream is not a terminal. */
const lineInterval = 15_000;

/**
 * Shows progress during a pass over images.
 *
 * @param what - What is done with the images, such as `detecting`.
 * @param pass - The pass, which calls its argument with the number of images that are done.
 * @returns The result of `pass`.
 */
export async function withProgress<T>(
  err: Output,
  what: string,
  total: number,
  pass: (progress: (done: number) => void) => Promise<T>,
): Promise<T> {
  if (!err.isTTY) {
    let last = Date.now();
    return pass((done) => {
      if (Date.now() - last < lineInterval) return;
      last = Date.now();
      err.write(`${what}: ${done} of ${total} images\n`);
    });
  }
  const format = `${what} {bar} {value}/{total} images, ETA {eta_formatted}`;
  const bar = new SingleBar(
    // Inference blocks the thread, so the bar is drawn after each image and not by a timer.
    { format, stream: err, clearOnComplete: true, forceRedraw: true, hideCursor: true },
    Presets.shades_classic,
  );
  bar.start(total, 0);
  return pass((done) => bar.update(done)).finally(() => bar.stop());
}
