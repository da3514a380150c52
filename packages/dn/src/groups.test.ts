import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dinoGroups, groupLayout, randomSubset } from './groups.ts';
import { seededNoise } from './random.ts';

const options = {
  matchingQueries: 10,
  groups: 5,
  contrastive: false,
  slotBucket: 1,
  maxKnownQueries: Number.POSITIVE_INFINITY,
};

describe('groupLayout', () => {
  it('has a slot for each object of the fullest image', () => {
    const counts = { batch: 2, groups: 5, slots: 6, groupSize: 6, known: 30, matching: 10, total: 40 };
    expect(groupLayout(2, 6, options)).toEqual({ ...counts, contrastive: false });
  });

  it('also has positions for negatives', () => {
    expect(groupLayout(2, 6, { ...options, contrastive: true })).toMatchObject({
      contrastive: true,
      slots: 6,
      groupSize: 12,
      known: 60,
    });
  });

  it.each([
    [0, 1, 0],
    [0, 8, 8],
    [1, 8, 8],
    [8, 8, 8],
    [9, 8, 16],
  ])('rounds %i objects in buckets of %i up to %i slots', (largest, slotBucket, slots) => {
    expect(groupLayout(1, largest, { ...options, slotBucket }).slots).toBe(slots);
  });

  it('reduces groups first, then slots, to stay within the budget', () => {
    const used = (largest: number, changes: object) => {
      const { groups, slots, known } = groupLayout(1, largest, { ...options, ...changes });
      return [groups, slots, known];
    };
    expect(used(20, { maxKnownQueries: 100 })).toEqual([5, 20, 100]);
    expect(used(20, { maxKnownQueries: 99 })).toEqual([4, 20, 80]);
    expect(used(200, { maxKnownQueries: 99 })).toEqual([1, 99, 99]);
    expect(used(200, { maxKnownQueries: 99, contrastive: true })).toEqual([1, 49, 98]);
    // A bucket that would not fit is cut, rather than leaving out an object.
    expect(used(19, { maxKnownQueries: 20, slotBucket: 8 })).toEqual([1, 20, 20]);
    expect(used(0, { maxKnownQueries: 20 })).toEqual([5, 0, 0]);
  });

  it('never exceeds the budget, and always has at least one group', () => {
    const setting = fc.record({
      largest: fc.nat(300),
      groups: fc.integer({ min: 1, max: 50 }),
      slotBucket: fc.integer({ min: 1, max: 20 }),
      maxKnownQueries: fc.integer({ min: 2, max: 400 }),
      contrastive: fc.boolean(),
    });
    fc.assert(
      fc.property(setting, ({ largest, ...rest }) => {
        const { groups, slots, known } = groupLayout(1, largest, { ...options, ...rest });
        expect(known).toBeLessThanOrEqual(rest.maxKnownQueries);
        expect(groups).toBeGreaterThanOrEqual(1);
        if (slots < largest) expect(groups).toBe(1);
      }),
    );
  });
});

describe('randomSubset', () => {
  it('selects every index with equal probability, in ascending order, and leaves the indices unchanged', () => {
    const indices = Int32Array.of(1, 3, 4, 7, 9);
    const noise = seededNoise(1);
    const taken = new Map<number, number>();
    for (let round = 0; round < 10_000; round++) {
      const subset = randomSubset(indices, 2, noise);
      expect(subset.length).toBe(2);
      expect(subset[0] as number).toBeLessThan(subset[1] as number);
      for (const index of subset) taken.set(index, (taken.get(index) ?? 0) + 1);
    }
    expect([...taken.keys()].sort()).toEqual([1, 3, 4, 7, 9]);
    for (const times of taken.values()) expect(Math.abs(times / 10_000 - 0.4)).toBeLessThan(0.02);
    expect(indices).toEqual(Int32Array.of(1, 3, 4, 7, 9));
  });
});

describe('dinoGroups', () => {
  it.each([
    [100, 5, 20],
    [100, 201, 1],
    [50, 30, 1],
    [49, 30, 98],
    [2, 6, 4],
    [0, 2, 1],
    [100, 0, 1],
  ])('equals DINO’s number for dn_number %i and %i objects: %i', (dnNumber, largest, groups) => {
    expect(dinoGroups(dnNumber, largest)).toBe(groups);
  });
});
