/** Makes things before they are asked for. */
import { setImmediate as eventLoopTurn } from 'node:timers/promises';

/**
 * Gives thing 0, 1, … in turn, with `ahead` more of them always under way. A failure surfaces where its turn comes, and
 * ends the sequence; so does `return()`. Both wait for what is under way, so that nothing goes on afterwards.
 *
 * @param prepare begins thing n; what it resolves to is called to finish the thing, when its turn has come
 * @param count how many there are; may be infinite
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
        // It is awaited later: until then, a failure must not count as unhandled.
        prepared.catch(() => {});
        underWay.push(prepared);
      }
      // A consumer that never waits, as a training loop, would keep what other threads have done from being taken further.
      await eventLoopTurn();
      const finish = await (underWay.shift() as Promise<() => T>);
      yield finish();
    }
  } finally {
    await Promise.allSettled(underWay);
  }
}
