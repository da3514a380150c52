import { describe, expect, it } from 'vitest';
import { featureGrid } from './feature-grid.ts';

describe('featureGrid', () => {
  it('finds the backbone’s stride', () => {
    const size = { width: 64, height: 32 };
    expect(featureGrid(size, size, 8 * 4)).toEqual({ rows: 4, columns: 8, cell: { width: 1 / 8, height: 1 / 4 } });
  });

  it('measures cells in the image, not in the canvas around it', () => {
    // A landscape image over half of a square canvas: its cells are the upper half of the map.
    const grid = featureGrid({ width: 64, height: 64 }, { width: 64, height: 32 }, 8 * 8);
    expect(grid).toEqual({ rows: 8, columns: 8, cell: { width: 1 / 8, height: 1 / 4 } });
  });

  it('lets the last cells extend beyond a canvas that the stride does not divide', () => {
    const size = { width: 100, height: 50 };
    expect(featureGrid(size, size, 4 * 2)).toEqual({ rows: 2, columns: 4, cell: { width: 0.32, height: 0.64 } });
  });

  it('refuses a number of cells that fits no feature map', () => {
    expect(() => featureGrid({ width: 64, height: 64 }, { width: 64, height: 64 }, 65)).toThrow(/65 cells/);
  });
});
