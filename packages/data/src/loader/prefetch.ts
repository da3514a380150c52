/** Makes things before they are asked for. */
import { setImmediate as eventLoopTurn } from 'node:timers/promises';

/**
 * Gives `make(0)`, `make(1)`, … with `ahead` more of them always under way. A failure surfaces where its turn comes, and
 * ends the sequence; so does `return()`. Both wait for what is under way, so that nothing goes on afterwards.
 *
 * @param count how many there are; may be infinite
 */
export async function* prefetch<T>(
  make: (n: number) => Promise<T>,
  count: number,
  ahead: number,
): AsyncGenerator<T, void> {
  const underWay: Promise<T>[] = [];
  try {
    for (let next = 0, given = 0; given < count; given++) {
      for (; next < Math.min(given + 1 + ahead, count); next++) {
        const made = make(next);
        // It is awaited later: until then, a failure must not count as unhandled.
        made.catch(() => {});
        underWay.push(made);
      }
      // A consumer that never waits, as a training loop, would keep what other threads have done from being taken further.
      await eventLoopTurn();
      yield await (underWay.shift() as Promise<T>);
    }
  } finally {
    await Promise.allSettled(underWay);
  }
}
