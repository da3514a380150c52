/** Outlines of shapes: polygons and concentric circles, described by their crossings with horizontal lines. */

/** An outline; the parts of a horizontal line between crossings 1 and 2, 3 and 4, … are inside. */
export type Outline =
  | { readonly kind: 'polygon'; readonly xs: Float64Array; readonly ys: Float64Array }
  /** Radii from the outermost inwards: a disc has one, a ring two. */
  | { readonly kind: 'circles'; readonly cx: number; readonly cy: number; readonly radii: readonly number[] };

export interface Extent {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** The outline's tight box. */
export function extentOf(outline: Outline): Extent {
  if (outline.kind === 'circles') {
    const { cx, cy } = outline;
    const radius = outline.radii[0] as number;
    return { left: cx - radius, top: cy - radius, right: cx + radius, bottom: cy + radius };
  }
  const { xs, ys } = outline;
  return { left: Math.min(...xs), top: Math.min(...ys), right: Math.max(...xs), bottom: Math.max(...ys) };
}

/** A polygon with the vertices `points`, given as x, y, x, y, … */
export function polygon(points: readonly number[]): Outline {
  return {
    kind: 'polygon',
    xs: Float64Array.from({ length: points.length / 2 }, (_, i) => points[2 * i] as number),
    ys: Float64Array.from({ length: points.length / 2 }, (_, i) => points[2 * i + 1] as number),
  };
}

/** Circles around the origin. */
export const circles = (...radii: number[]): Outline => ({ kind: 'circles', cx: 0, cy: 0, radii });

/**
 * Turns an outline by an angle about the origin, clockwise as y points down. Circles, which are centred there, do not
 * change.
 */
export function turned(outline: Outline, angle: number): Outline {
  if (outline.kind === 'circles') return outline;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const { xs, ys } = outline;
  return {
    kind: 'polygon',
    xs: xs.map((x, i) => cos * x - sin * (ys[i] as number)),
    ys: ys.map((y, i) => sin * (xs[i] as number) + cos * y),
  };
}

/** Scales an outline about the origin, then moves it. */
export function moved(outline: Outline, scale: number, dx: number, dy: number): Outline {
  if (outline.kind === 'circles') {
    const { cx, cy, radii } = outline;
    return { kind: 'circles', cx: scale * cx + dx, cy: scale * cy + dy, radii: radii.map((radius) => scale * radius) };
  }
  return { kind: 'polygon', xs: outline.xs.map((x) => scale * x + dx), ys: outline.ys.map((y) => scale * y + dy) };
}

/** Upper limit for how often a horizontal line crosses an outline here. */
export const mostCrossings = 16;

/**
 * Finds where the horizontal line at `y` crosses the outline.
 *
 * @param out receives the x coordinates of the crossings, ascending
 * @returns the number of crossings, which is even
 */
export function crossings(outline: Outline, y: number, out: Float64Array): number {
  let count = 0;
  if (outline.kind === 'circles') {
    const { cx, cy, radii } = outline;
    for (const radius of radii) {
      const square = radius * radius - (y - cy) * (y - cy);
      if (square <= 0) continue;
      const half = Math.sqrt(square);
      out[count++] = cx - half;
      out[count++] = cx + half;
    }
  } else {
    const { xs, ys } = outline;
    for (let i = 0, j = xs.length - 1; i < xs.length; j = i++) {
      const [y0, y1] = [ys[j] as number, ys[i] as number];
      // Half open, so that a vertex on the line counts for only one of its two edges.
      if (y0 <= y === y1 <= y) continue;
      const [x0, x1] = [xs[j] as number, xs[i] as number];
      out[count++] = x0 + ((y - y0) / (y1 - y0)) * (x1 - x0);
    }
  }
  return sortFirst(out, count);
}

/** Insertion sort, because there are only two to six values. */
function sortFirst(values: Float64Array, count: number): number {
  for (let i = 1; i < count; i++) {
    const value = values[i] as number;
    let j = i;
    for (; j > 0 && (values[j - 1] as number) > value; j--) values[j] = values[j - 1] as number;
    values[j] = value;
  }
  return count;
}
