/** Changes the colours of pixels, on sharp's threads. */
import sharp from 'sharp';
import { type ColorChange, meanGrey } from './jitter.ts';
import type { Size } from './view.ts';

/**
 * Changes colours, which are clamped and rounded once, after the complete change.
 *
 * @param pixels `[height, width, 3]`
 * @returns new pixels `[height, width, 3]`
 */
export async function recolored(
  pixels: Uint8Array,
  { width, height }: Size,
  { matrix, pivot }: ColorChange,
): Promise<Uint8Array> {
  const [a, b, c, d, e, f, g, h, i] = matrix as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  // The mean is known only after resampling, so this cannot be part of it.
  const added = pivot === 0 ? 0 : pivot * meanGrey(pixels);
  // sharp drops decimals when it converts back to bytes.
  const rounding = 0.5;
  return sharp(pixels, { raw: { width, height, channels: 3 } })
    .recomb([
      [a, b, c],
      [d, e, f],
      [g, h, i],
    ])
    .linear([1, 1, 1], new Array<number>(3).fill(added + rounding))
    .raw()
    .toBuffer();
}
