import { cellsOf } from '@dn-detr/testing/drawn';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { heatCells, onGround, overImage } from './heat.ts';

describe('heatCells', () => {
  it('draws every weight in its place, stronger for larger weights, and leaves only 0 blank', () => {
    const weight = fc.oneof(fc.constant(0), fc.double({ min: 1e-12, max: 1, noNaN: true }));
    const grids = fc
      .record({ rows: fc.integer({ min: 1, max: 6 }), columns: fc.integer({ min: 1, max: 9 }) })
      .chain(({ rows, columns }) =>
        fc.record({
          rows: fc.constant(rows),
          columns: fc.constant(columns),
          weights: fc.array(weight, { minLength: rows * columns, maxLength: rows * columns }),
        }),
      );
    fc.assert(
      fc.property(grids, fc.constantFrom('linear' as const, 'root' as const), ({ rows, columns, weights }, scale) => {
        const most = Math.max(...weights);
        const drawn = cellsOf(heatCells(weights, { columns, most, style: onGround, scale }), rows, columns).flat();
        expect(drawn.map((opacity) => opacity === 0)).toEqual(weights.map((value) => value === 0));
        for (const [i, value] of weights.entries()) {
          const share = most === 0 ? 0 : scale === 'root' ? Math.sqrt(value / most) : value / most;
          // There are sixteen steps, and everything above 0 has at least the first.
          expect(Math.abs((drawn[i] as number) - share)).toBeLessThan(share < 1 / 32 ? 0.064 : 0.0325);
        }
      }),
    );
  });

  it('hides less of the image for smaller weights', () => {
    const opacities = [0, 0.25, 0.5, 0.75, 1].map((share) => overImage(share).opacity);
    expect(opacities).toEqual([...opacities].sort((a, b) => a - b));
    expect(overImage(1).fill).toBe('rgb(252,255,164)');
  });
});
