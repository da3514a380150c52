/** The visible content of an image of shapes. */
import { randomStream } from '../random.ts';
import { distractorOutlines } from './classes.ts';
import { type Color, randomColor, standingOut, variation } from './colors.ts';
import type { ShapesSettings } from './options.ts';
import { type Extent, extentOf, moved, type Outline, turned } from './outline.ts';
import { type PlacedShape, placeObjects } from './placement.ts';

export interface Scene {
  /** Two colours that the background mixes; the same colour twice for a plain one. */
  readonly background: readonly [Color, Color];
  /** Layers from the backmost to the foremost; distractors lie behind all objects. */
  readonly layers: readonly { readonly outline: Outline; readonly color: Color }[];
}

const mostDistractors = 4;
const backgroundVariation = 55;

/** Only the objects of a scene. They are the same with a plain background. */
export const objectsOf = (settings: ShapesSettings, split: string, index: number): PlacedShape[] =>
  placeObjects(settings, randomStream(settings.seed, 'shapes', split, index, 'objects'));

export function sceneOf(settings: ShapesSettings, split: string, index: number): Scene {
  const { seed, plain } = settings;
  const colors = randomStream(seed, 'shapes', split, index, 'colours');
  const base = randomColor(colors);
  const varied = variation(base, backgroundVariation, colors);
  const background: [Color, Color] = [base, plain ? base : varied];
  const things = [
    ...(plain ? [] : placeDistractors(settings, split, index)),
    ...objectsOf(settings, split, index).map(({ outline }) => outline),
  ];
  const layers: { outline: Outline; color: Color; box: Extent }[] = [];
  for (const outline of things) {
    const box = extentOf(outline);
    const neighbours = layers.filter((other) => overlap(other.box, box)).map(({ color }) => color);
    layers.push({ outline, box, color: standingOut(background, neighbours, colors) });
  }
  return { background, layers };
}

/** Places distractors of the objects' sizes anywhere, even over the edge. */
function placeDistractors({ seed, width, height, scale }: ShapesSettings, split: string, index: number): Outline[] {
  const random = randomStream(seed, 'shapes', split, index, 'distractors');
  return Array.from({ length: Math.floor(random() * (mostDistractors + 1)) }, () => {
    const outline = distractorOutlines[Math.floor(random() * distractorOutlines.length)] as Outline;
    const angle = 2 * Math.PI * random();
    const radius = 0.5 * (scale.least + random() * (scale.most - scale.least)) * Math.min(width, height);
    return moved(turned(outline, angle), radius, random() * width, random() * height);
  });
}

const overlap = (a: Extent, b: Extent): boolean =>
  a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
