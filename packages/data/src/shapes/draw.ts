/** Draws a scene, antialiased. */
import type { RgbImage } from '../dataset.ts';
import type { Random } from '../random.ts';
import type { Color } from './colors.ts';
import { crossings, extentOf, mostCrossings, type Outline } from './outline.ts';
import type { Scene } from './scene.ts';
import { texture } from './texture.ts';

/** @param random randomness of the texture; undefined for a background of one colour */
export function drawScene(scene: Scene, width: number, height: number, random: Random | undefined): RgbImage {
  const { background, layers } = scene;
  const data = random ? texture(width, height, background, random) : filled(width, height, background[0]);
  const image = { width, height, data };
  for (const { outline, color } of layers) fill(image, outline, color);
  return image;
}

function filled(width: number, height: number, color: Color): Uint8Array {
  const rounded = color.map(Math.round);
  return Uint8Array.from({ length: 3 * width * height }, (_, i) => rounded[i % 3] as number);
}

/** Number of horizontal lines that sample a row of pixels. Along them, coverage is exact. */
const linesPerRow = 4;

const crossed = new Float64Array(mostCrossings);

/** Paints the inside of the outline; a pixel on the edge is painted by the fraction of it that is inside. */
export function fill({ width, height, data }: RgbImage, outline: Outline, color: Color): void {
  const { left, top, right, bottom } = extentOf(outline);
  const first = Math.max(Math.floor(left), 0);
  const end = Math.min(Math.ceil(right), width);
  const coverage = new Float32Array(Math.max(end - first, 0));
  for (let y = Math.max(Math.floor(top), 0); y < Math.min(Math.ceil(bottom), height); y++) {
    coverage.fill(0);
    for (let line = 0; line < linesPerRow; line++) {
      const count = crossings(outline, y + (line + 0.5) / linesPerRow, crossed);
      for (let i = 0; i < count; i += 2) {
        cover(coverage, (crossed[i] as number) - first, (crossed[i + 1] as number) - first);
      }
    }
    let o = 3 * (y * width + first);
    for (const lines of coverage) {
      const part = lines / linesPerRow;
      for (let c = 0; c < 3; c++, o++) {
        const below = data[o] as number;
        data[o] = Math.round(below + part * ((color[c] as number) - below));
      }
    }
  }
}

/** Adds to each pixel of a line the fraction of it that lies in from..to. */
function cover(coverage: Float32Array, from: number, to: number): void {
  const start = Math.max(from, 0);
  const end = Math.min(to, coverage.length);
  for (let x = Math.floor(start); x < end; x++) {
    coverage[x] = (coverage[x] as number) + Math.min(end, x + 1) - Math.max(start, x);
  }
}
