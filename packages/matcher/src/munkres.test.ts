import { describe, expect, it } from 'vitest';
import { linearSumAssignment } from './assignment.ts';

const total = (cost: Float64Array, rows: number, cols: number): number => {
  const pairs = linearSumAssignment(cost, rows, cols, { solver: 'munkres' });
  return pairs.rows.reduce((sum, row, k) => sum + (cost[row * cols + (pairs.cols[k] as number)] as number), 0);
};

describe('the munkres solver', () => {
  it('uses the orientation in which munkres-js is fast', () => {
    const cost = Float64Array.from({ length: 300 * 7 }, (_, e) => Math.sin(e * e));
    const started = performance.now();
    expect(total(cost, 300, 7)).toBeCloseTo(total(transpose(cost, 300, 7), 7, 300), 10);
    // The other orientation takes ten seconds.
    expect(performance.now() - started).toBeLessThan(3000);
  });

  it('returns for costs for which munkres-js alone never returns', () => {
    expect(total(Float64Array.of(1e300, 2e300, 3e300, 1e300), 2, 2)).toBe(2e300);
    expect(total(Float64Array.of(-1e300, 5, 3e300, 1e-300), 2, 2)).toBe(-1e300);
    expect(total(Float64Array.of(1, Number.POSITIVE_INFINITY, 2, 3), 2, 2)).toBe(4);
  });
});

function transpose(cost: Float64Array, rows: number, cols: number): Float64Array {
  return Float64Array.from(cost, (_, e) => cost[(e % rows) * cols + Math.floor(e / rows)] as number);
}
