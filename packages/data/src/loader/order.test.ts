import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EpochOrder } from './order.ts';

const range = (count: number, from = 0) => Array.from({ length: count }, (_, i) => from + i);
const epochOf = (order: EpochOrder, epoch: number) =>
  range(order.stepsPerEpoch).map((n) => order.at(epoch * order.stepsPerEpoch + n));

describe('EpochOrder', () => {
  it('yields every image in every epoch, in full batches from one group', () => {
    const counts = fc.record({
      landscape: fc.integer({ min: 0, max: 40 }),
      portrait: fc.integer({ min: 1, max: 40 }),
      batchSize: fc.integer({ min: 1, max: 16 }),
      epoch: fc.nat(5),
    });
    fc.assert(
      fc.property(counts, ({ landscape, portrait, batchSize, epoch }) => {
        const all = landscape + portrait;
        const order = new EpochOrder([range(landscape), range(portrait, landscape)], batchSize, 7);
        expect(order.batchSize).toBe(Math.min(batchSize, all));
        const steps = epochOf(order, epoch);
        const seen = new Map<number, number>();
        for (const step of steps) {
          expect(step.epoch).toBe(epoch);
          expect(step.images.length).toBe(order.batchSize);
          for (const image of step.images) seen.set(image, (seen.get(image) ?? 0) + 1);
          const kinds = new Set(step.images.map((image) => image < landscape));
          if (landscape >= batchSize && portrait >= batchSize) expect(kinds.size).toBe(1);
        }
        expect(seen.size).toBe(all);
        expect(Math.max(...seen.values())).toBeLessThanOrEqual(2);
        const twice = [...seen.values()].filter((times) => times === 2).length;
        expect(twice).toBe(order.stepsPerEpoch * order.batchSize - all);
      }),
    );
  });

  it('depends only on seed and epoch, and differs between them', () => {
    const make = (seed: number) => new EpochOrder([range(50)], 8, seed);
    const [a, b] = [make(3), make(3)];
    epochOf(a, 0);
    expect(epochOf(a, 2)).toEqual(epochOf(b, 2));
    expect(epochOf(a, 1)).not.toEqual(epochOf(a, 2));
    expect(epochOf(a, 0).map(({ images }) => images)).not.toEqual(epochOf(make(4), 0).map(({ images }) => images));
  });

  it('merges a group smaller than a batch into the largest', () => {
    const order = new EpochOrder([range(3), range(20, 3), range(9, 23)], 8, 0);
    expect(order.groups.map(({ length }) => length)).toEqual([23, 9]);
    expect(order.stepsPerEpoch).toBe(3 + 2);
  });

  it('mixes the batches of groups', () => {
    const order = new EpochOrder([range(40), range(40, 40)], 4, 1);
    const kinds = epochOf(order, 0).map(({ images }) => (images[0] as number) < 40);
    expect(kinds.slice(0, 10)).toContain(true);
    expect(kinds.slice(0, 10)).toContain(false);
  });
});
