/** Colours that stand out from their background, and say nothing about the class. */
import type { Random } from '../random.ts';

/** Red, green and blue in 0..255. */
export type Color = readonly [number, number, number];

const component = (random: Random): number => 255 * random();
export const randomColor = (random: Random): Color => [component(random), component(random), component(random)];

/** The colour with every component changed by at most `most`. */
export const variation = (color: Color, most: number, random: Random): Color =>
  color.map((value) => Math.min(Math.max(value + most * (2 * random() - 1), 0), 255)) as unknown as Color;

/** The distance between two colours, at most 441. */
const distance = (a: Color, b: Color): number => Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);

/** The distance of a colour to the nearest mixture of two. */
export function distanceToMixtures(color: Color, [from, to]: readonly [Color, Color]): number {
  const along = to.map((value, i) => value - (from[i] as number));
  const square = along.reduce((sum, value) => sum + value * value, 0);
  const dot = along.reduce((sum, value, i) => sum + value * ((color[i] as number) - (from[i] as number)), 0);
  const part = square === 0 ? 0 : Math.min(Math.max(dot / square, 0), 1);
  return distance(color, from.map((value, i) => value + part * (along[i] as number)) as unknown as Color);
}

/** Minimum distance to the background. */
export const contrast = 100;
/** Minimum distance to other things that a shape overlaps, where one of the tried colours has it. */
const neighbourContrast = 80;

const corners: readonly Color[] = Array.from({ length: 8 }, (_, i) => [
  255 * (i & 1),
  255 * ((i >> 1) & 1),
  255 * (i >> 2),
]);

/**
 * A random colour at least `contrast` away from all mixtures of the background's two, and from the neighbours where
 * possible. The background's two may differ by up to 69 in every component: one of the colour cube's corners is then
 * always far enough away.
 */
export function standingOut(background: readonly [Color, Color], neighbours: readonly Color[], random: Random): Color {
  const tried = Array.from({ length: 24 }, () => randomColor(random));
  const clear = [...tried, ...corners].filter((color) => distanceToMixtures(color, background) >= contrast);
  const apart = clear.find((color) => neighbours.every((other) => distance(color, other) >= neighbourContrast));
  return apart ?? (clear[0] as Color);
}
