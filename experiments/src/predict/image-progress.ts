/** How far a pass over many images is: a bar on a terminal, a line now and then elsewhere. */
import { Presets, SingleBar } from 'cli-progress';
import type { Output } from '../terminal.ts';

/** Milliseconds between two lines where there is no terminal. */
const lineInterval = 15_000;

/**
 * @param what is done to the images, such as `detecting`
 * @returns what `pass` returns; it is given a function to call with the number of images that are done
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
    // Inference holds the thread: drawing follows its pace, not by a timer.
    { format, stream: err, clearOnComplete: true, forceRedraw: true, hideCursor: true },
    Presets.shades_classic,
  );
  bar.start(total, 0);
  return pass((done) => bar.update(done)).finally(() => bar.stop());
}
