/** Prepares items of a sequence before they are requested. */
import { setImmediate as eventLoopTurn } from 'node:timers/promises';

/**
 * Yields items 0, 1, … in order, with `ahead` more of them always in preparation. A failure surfaces at the turn of its
 * item, and ends the sequence; so does `return()`. Both wait for the items in preparation, so that nothing continues
 * afterwards.
 *
 * @param prepare starts item n; the function it resolves to finishes the item, and is called at its turn
 * @param count number of items; may be infinite
 */
export async function* prefetch<T>(
  prepare: (n: number) => Promise<() => T>,
  count: number,
  ahead: number,
): AsyncGenerator<T, void> {
  const underWay: Promise<() => T>[] = [];
  try {
    for (let next = 0, given = 0; given < count; given++) {
      for (; next < Math.min(given + 1 + ahead, count); next++) {
        const prepared = prepare(next);
        // It is awaited later; until then, a failure must not count as unhandled.
        prepared.catch(() => {});
        underWay.push(prepared);
      }
      // A consumer that never waits, such as a training loop, would hold up the results of other threads.
      await eventLoopTurn();
      const finish = await (underWay.shift() as Promise<() => T>);
      yield finish();
    }
  } finally {
    await Promise.allSettled(underWay);
  }
}
