/** Turns and mirrors pixels that did not come from sharp. */
import type { RgbImage } from '../dataset.ts';

/** @param orientation EXIF orientation of the pixels as stored, 1 to 8; the result is upright */
export function turned({ width, height, data }: RgbImage, orientation: number): RgbImage {
  if (orientation === 1) return { width, height, data };
  const swapped = orientation > 4;
  const size = swapped ? { width: height, height: width } : { width, height };
  const fromRight = [2, 3, 7, 8].includes(orientation);
  const fromBelow = [3, 4, 6, 7].includes(orientation);
  const result = new Uint8Array(data.length);
  for (let y = 0, to = 0; y < size.height; y++) {
    for (let x = 0; x < size.width; x++) {
      const [along, across] = swapped ? [y, x] : [x, y];
      const column = fromRight ? width - 1 - along : along;
      const row = fromBelow ? height - 1 - across : across;
      const from = 3 * (row * width + column);
      for (let channel = 0; channel < 3; channel++) result[to++] = data[from + channel] as number;
    }
  }
  return { ...size, data: result };
}
