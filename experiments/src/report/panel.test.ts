import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { logTicks } from './panel.ts';

describe('ticks of a logarithmic scale', () => {
  it.each<[[number, number], number[]]>([
    [
      [0.02, 30],
      [0.1, 1, 10],
    ],
    [
      [8.1, 33],
      [9, 10, 20, 30],
    ],
    [
      [0.4, 12],
      [1, 3, 10],
    ],
    [
      [9, 12],
      [9, 9.5, 10],
    ],
  ])('of %j', (domain, ticks) => expect(logTicks(domain)).toEqual(ticks));

  it('are a few round numbers within it', () => {
    const domain = fc
      .tuple(fc.double({ min: 1e-6, max: 1e6, noNaN: true }), fc.double({ min: 1.33, max: 1e6, noNaN: true }))
      .map(([low, times]): [number, number] => [low, low * times]);
    fc.assert(
      fc.property(domain, ([low, high]) => {
        const ticks = logTicks([low, high]);
        expect(ticks.length).toBeGreaterThanOrEqual(3);
        expect(ticks.length).toBeLessThanOrEqual(13);
        for (const [i, tick] of ticks.entries()) {
          expect(tick).toBeGreaterThanOrEqual(Math.max(low, (ticks[i - 1] ?? 0) + Number.MIN_VALUE));
          expect(tick).toBeLessThanOrEqual(high);
          expect(tick).toBe(Number(tick.toPrecision(2)));
        }
      }),
    );
  });
});
