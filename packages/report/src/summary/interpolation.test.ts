import { expect, it } from 'vitest';
import { valueAt } from './interpolation.ts';

const curve = [
  { x: 1, y: 0.1 },
  { x: 2, y: 0.7 },
  { x: 4, y: 0.3 },
];

it('is exact at the points, linear between them, and constant beyond the ends', () => {
  for (const { x, y } of curve) expect(valueAt(curve, x)).toBe(y);
  expect(valueAt(curve, 3)).toBeCloseTo(0.5, 12);
  expect([0, 9].map((x) => valueAt(curve, x))).toEqual([0.1, 0.3]);
});
