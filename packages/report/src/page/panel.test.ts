import fc from 'fast-check';
import { JSDOM } from 'jsdom';
import { describe, expect, it } from 'vitest';
import { logTicks, type PanelAxis, panel } from './panel.ts';

describe('a panel', () => {
  const texts = (x: PanelAxis) => {
    const mean = [0, 625].map((step) => ({ x: step, y: 0.5, seeds: 1 }));
    const drawn = panel([{ index: 0, runs: [], mean, dashed: false }], {
      ...{ id: 'a', description: 'b' },
      x,
      y: { label: 'AP' },
    });
    const { document } = new JSDOM(drawn.text).window;
    return [...document.querySelectorAll('g[aria-label^="x-axis"]')]
      .map((axis) => [...axis.querySelectorAll('text')].map(({ textContent }) => textContent))
      .filter((shown) => shown.length > 0);
  };
  it('has one x axis, or a second one above with its own numbers at their places', () => {
    const label = 'training steps';
    expect(texts({ label })).toEqual([['0', '100', '200', '300', '400', '500', '600'], [label]]);
    expect(texts({ label, above: { label: 'epochs', unit: 62.5 } })).toEqual([
      ['0', '100', '200', '300', '400', '500', '600'],
      [label],
      ['5', '10'],
      ['epochs'],
    ]);
  });
});

describe('ticks of a logarithmic scale', () => {
  it.each<[[number, number], number[]]>([
    [
      [0.02, 30],
      [0.1, 1, 10],
    ],
    [
      [8.1, 33],
      [10, 15, 20, 30],
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
        // For example from 0.15 to 0.29, without the ends.
        expect(ticks.length).toBeLessThanOrEqual(14);
        for (const [i, tick] of ticks.entries()) {
          expect(tick).toBeGreaterThanOrEqual(Math.max(low, (ticks[i - 1] ?? 0) + Number.MIN_VALUE));
          expect(tick).toBeLessThanOrEqual(high);
          expect(tick).toBe(Number(tick.toPrecision(2)));
        }
      }),
    );
  });
});
