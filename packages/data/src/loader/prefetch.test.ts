import { describe, expect, it } from 'vitest';
import { prefetch } from './prefetch.ts';

/** Items that are finished on command. */
function workshop() {
  const made: { n: number; finish: () => void; fail: (reason: Error) => void }[] = [];
  const make = (n: number) =>
    new Promise<() => number>((resolve, fail) => made.push({ n, finish: () => resolve(() => n), fail }));
  return { made, make };
}

const settled = () => new Promise((resolve) => setTimeout(resolve, 5));

describe('prefetch', () => {
  it('starts nothing before the first request, then keeps `ahead` items in preparation', async () => {
    const { made, make } = workshop();
    const numbers = prefetch(make, Number.POSITIVE_INFINITY, 2);
    await settled();
    expect(made.length).toBe(0);
    const first = numbers.next();
    await settled();
    expect(made.map(({ n }) => n)).toEqual([0, 1, 2]);
    for (const { finish } of made) finish();
    expect(await first).toEqual({ value: 0, done: false });
    expect(made.length).toBe(3);
    expect((await numbers.next()).value).toBe(1);
    expect(made.map(({ n }) => n)).toEqual([0, 1, 2, 3]);
    made[3]?.finish();
    await numbers.return();
  });

  it('yields all items in order, whichever is ready first', async () => {
    const make = async (n: number) => {
      await new Promise((resolve) => setTimeout(resolve, n % 2 === 0 ? 8 : 1));
      return () => n;
    };
    const found: number[] = [];
    for await (const n of prefetch(make, 5, 3)) found.push(n);
    expect(found).toEqual([0, 1, 2, 3, 4]);
    for await (const n of prefetch(make, 0, 3)) found.push(n);
    expect(found.length).toBe(5);
  });

  it('finishes each item at its turn, not before', async () => {
    const finished: number[] = [];
    const numbers = prefetch(async (n) => () => finished.push(n), 5, 3);
    await numbers.next();
    await settled();
    expect(finished).toEqual([0]);
    await numbers.next();
    expect(finished).toEqual([0, 1]);
    await numbers.return();
    expect(finished).toEqual([0, 1]);
  });

  it('fails at the turn of the failed item, ends, and leaves no rejection unhandled', async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown) => unhandled.push(reason);
    process.on('unhandledRejection', note);
    const started: number[] = [];
    const make = async (n: number) => {
      started.push(n);
      if (n >= 2) throw new Error(`no ${n}`);
      return () => n;
    };
    const numbers = prefetch(make, Number.POSITIVE_INFINITY, 3);
    expect([await numbers.next(), await numbers.next()].map(({ value }) => value)).toEqual([0, 1]);
    await expect(numbers.next()).rejects.toThrow('no 2');
    expect(await numbers.next()).toEqual({ value: undefined, done: true });
    const count = started.length;
    await settled();
    expect(started.length).toBe(count);
    expect(unhandled).toEqual([]);
    process.off('unhandledRejection', note);
  });

  it('ends only when no item is in preparation any more', async () => {
    const { made, make } = workshop();
    const numbers = prefetch(make, Number.POSITIVE_INFINITY, 1);
    const first = numbers.next();
    await settled();
    made[0]?.finish();
    await first;
    let ended = false;
    const end = numbers.return().then(() => {
      ended = true;
    });
    await settled();
    expect(ended).toBe(false);
    made[1]?.fail(new Error('too late to matter'));
    await end;
    expect(made.length).toBe(2);
  });

  it('receives the results of other threads even if its consumer never waits', async () => {
    // Each item takes two turns of the event loop.
    const make = async (n: number) => {
      for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setTimeout(resolve, 1));
      ready.push(n);
      return () => n;
    };
    const ready: number[] = [];
    const numbers = prefetch(make, Number.POSITIVE_INFINITY, 3);
    const block = () => {
      const end = performance.now() + 5;
      while (performance.now() < end);
    };
    for (let step = 0; step < 6; step++) {
      await numbers.next();
      block();
    }
    // Other items than the ones that were waited for are ready too.
    expect(ready.length).toBeGreaterThan(6);
    await numbers.return();
  });
});
