import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { mapConcurrently } from './concurrently.ts';

describe('mapConcurrently', () => {
  it('gives the results in order, with no more than the limit under way', async () => {
    let [running, most] = [0, 0];
    const results = await mapConcurrently([5, 1, 4, 2, 3], 2, async (item, index) => {
      most = Math.max(most, ++running);
      await wait(item);
      running--;
      return `${index}: ${item}`;
    });
    expect(results).toEqual(['0: 5', '1: 1', '2: 4', '3: 2', '4: 3']);
    expect(most).toBe(2);
    expect(await mapConcurrently([], 2, () => Promise.reject(new Error('never called')))).toEqual([]);
  });

  it('stops at the first error', async () => {
    const started: number[] = [];
    const work = async (item: number): Promise<void> => {
      started.push(item);
      await wait(1);
      if (item === 1) throw new Error('one is bad');
    };
    await expect(mapConcurrently([0, 1, 2, 3, 4, 5], 2, work)).rejects.toThrow('one is bad');
    await wait(10);
    expect(started.length).toBeLessThan(6);
  });
});
