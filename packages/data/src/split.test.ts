import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { splitOff } from './split.ts';

const named = (count: number) => Array.from({ length: count }, (_, n) => ({ name: `image ${n}` }));
const names = (images: readonly { name: string }[]) => images.map(({ name }) => name).sort();

describe('splitOff', () => {
  it('moves the fraction, but never nothing or everything', () => {
    for (const [count, fraction, expected] of [
      [100, 0.2, 20],
      [10, 0.25, 3],
      [5, 0.01, 1],
      [5, 0.99, 4],
      [2, 0.5, 1],
    ] as const) {
      const { train, val } = splitOff(named(count), fraction, 0);
      expect([train.length, val.length]).toEqual([count - expected, expected]);
    }
  });

  it('depends on the names and the seed, not on the order', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.string(), { minLength: 2, maxLength: 30 }),
        fc.nat(),
        fc.double({ min: 0.01, max: 0.99, noNaN: true }),
        (list, seed, fraction) => {
          const images = list.map((name) => ({ name }));
          const one = splitOff(images, fraction, seed);
          const other = splitOff([...images].reverse(), fraction, seed);
          expect(names(one.val)).toEqual(names(other.val));
          expect(names([...one.train, ...one.val])).toEqual(names(images));
          expect(one.train).toEqual(images.filter((image) => one.train.includes(image)));
        },
      ),
    );
  });

  it('keeps images with the same name in one split', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 2 }), fc.nat(), (list, seed) => {
        const { train, val } = splitOff(
          list.map((name) => ({ name })),
          0.4,
          seed,
        );
        expect(train.length + val.length).toBe(list.length);
        const both = names(val).filter((name) => names(train).includes(name));
        expect(both).toEqual([]);
        expect(train.length).toBeGreaterThan(0);
        expect(val.length > 0).toBe(new Set(list).size > 1);
      }),
    );
  });

  it('chooses other images for another seed, and leaves most in place when some are added', () => {
    const val = (count: number, seed: number) => new Set(names(splitOff(named(count), 0.2, seed).val));
    expect(val(100, 0)).not.toEqual(val(100, 1));
    const [before, after] = [val(100, 0), val(105, 0)];
    expect([...before].filter((name) => !after.has(name)).length).toBeLessThanOrEqual(5);
  });
});
