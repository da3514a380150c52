/** Interpolation of curves. */

export interface XY {
  readonly x: number;
  readonly y: number;
}

/**
 * The value of a curve at `x`, interpolated linearly between its points. Before the first and after the last point, it is the
 * value of that point.
 *
 * @param curve - At least one point, in ascending order of `x`.
 */
export function valueAt(curve: readonly XY[], x: number): number {
  const after = curve.findIndex((point) => point.x >= x);
  const next = (after < 0 ? curve.at(-1) : curve[after]) as XY;
  const before = curve[after - 1];
  if (before === undefined || next.x === x) return next.y;
  return before.y + ((x - before.x) / (next.x - before.x)) * (next.y - before.y);
}
