/** Values of curves between the points where they are known. */

export interface XY {
  readonly x: number;
  readonly y: number;
}

/**
 * On straight lines between the points; before the first one its value, and after the last one that of the last.
 *
 * @param curve at least one point, by rising `x`
 */
export function valueAt(curve: readonly XY[], x: number): number {
  const after = curve.findIndex((point) => point.x >= x);
  const next = (after < 0 ? curve.at(-1) : curve[after]) as XY;
  const before = curve[after - 1];
  if (before === undefined || next.x === x) return next.y;
  return before.y + ((x - before.x) / (next.x - before.x)) * (next.y - before.y);
}
