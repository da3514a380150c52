/** Places an image's objects: drawn from the seed, none hidden by those in front of it. */
import type { Random } from '../random.ts';
import { type ShapeClass, shapeOutlines } from './classes.ts';
import type { ShapesSettings } from './options.ts';
import { crossings, type Extent, extentOf, mostCrossings, moved, type Outline, turned } from './outline.ts';

/** A shape in its image. */
export interface PlacedShape {
  /** Index into the classes in use. */
  readonly label: number;
  /** Outline in pixels of the image. */
  readonly outline: Outline;
  /** Tight box of the complete shape, in pixels; always inside the image. */
  readonly box: Extent;
}

const tries = 40;

/**
 * The objects of an image, from the backmost to the foremost. Each lies fully inside the image. A new object that would
 * leave less than `visible` of one behind it is placed anew, and left out after 40 tries.
 */
export function placeObjects(settings: ShapesSettings, random: Random): PlacedShape[] {
  const { objects, classes, visible } = settings;
  const count = objects.least + Math.floor(random() * (objects.most - objects.least + 1));
  const placed: PlacedShape[] = [];
  const samples: Samples[] = [];
  for (let n = 0; n < count; n++) {
    const label = Math.floor(random() * classes.length);
    for (let attempt = 0; attempt < tries; attempt++) {
      const shape = placeObject(settings, label, random);
      const left = samples.map((behind) => behind.without(shape));
      if (left.some((behind) => behind.count < visible * behind.whole)) continue;
      samples.splice(0, samples.length, ...left, Samples.of(shape));
      placed.push(shape);
      break;
    }
  }
  return placed;
}

function placeObject(settings: ShapesSettings, label: number, random: Random): PlacedShape {
  const { width, height, scale, rotation, classes } = settings;
  const longSide = (scale.least + random() * (scale.most - scale.least)) * Math.min(width, height);
  const angle = 2 * Math.PI * random();
  const upright = shapeOutlines[classes[label] as ShapeClass];
  const outline = rotation ? turned(upright, angle) : upright;
  const { left, top, right, bottom } = extentOf(outline);
  const factor = longSide / Math.max(right - left, bottom - top);
  const [w, h] = [factor * (right - left), factor * (bottom - top)];
  const x = random() * (width - w);
  const y = random() * (height - h);
  return {
    label,
    outline: moved(outline, factor, x - factor * left, y - factor * top),
    box: { left: x, top: y, right: x + w, bottom: y + h },
  };
}

const grid = 12;
const crossed = new Float64Array(mostCrossings);

/** Points of a grid over a shape's box that are inside it and not covered: they represent its area. */
class Samples {
  private constructor(
    /** Rows of the grid: the y of each, and the x of its points. */
    private readonly rows: readonly { readonly y: number; readonly xs: readonly number[] }[],
    readonly count: number,
    /** Number of points before any was covered. */
    readonly whole: number,
  ) {}

  static of({ outline, box: { left, top, right, bottom } }: PlacedShape): Samples {
    const rows = Array.from({ length: grid }, (_, i) => {
      const y = top + ((i + 0.5) / grid) * (bottom - top);
      const all = Array.from({ length: grid }, (_, j) => left + ((j + 0.5) / grid) * (right - left));
      const crossingCount = crossings(outline, y, crossed);
      return { y, xs: all.filter((x) => inside(x, crossingCount)) };
    });
    const count = countOf(rows);
    return new Samples(rows, count, count);
  }

  without({ outline, box }: PlacedShape): Samples {
    const rows = this.rows.map((row) => {
      if (row.y < box.top || row.y > box.bottom) return row;
      const crossingCount = crossings(outline, row.y, crossed);
      return { y: row.y, xs: row.xs.filter((x) => !inside(x, crossingCount)) };
    });
    return new Samples(rows, countOf(rows), this.whole);
  }
}

const countOf = (rows: readonly { readonly xs: readonly number[] }[]): number =>
  rows.reduce((sum, { xs }) => sum + xs.length, 0);

/** Whether x lies between the crossings 1 and 2, 3 and 4, … that were found last. */
function inside(x: number, crossingCount: number): boolean {
  let before = 0;
  while (before < crossingCount && (crossed[before] as number) <= x) before++;
  return before % 2 === 1;
}
