/** A user's choices of how image files become pixels. */
import { DataError } from './error.ts';
import { requireCount, requireKnown, shown } from './option-checks.ts';

/** How image files become pixels. */
export interface PixelOptions {
  /** Three bands, counted from 1, that become red, green and blue in TIFF and PAM files with four or more bands. */
  readonly bands?: readonly [number, number, number];
  /** Images with more pixels are refused; the default is libvips' limit. @defaultValue 268402689 */
  readonly maxPixels?: number;
}

/** The limit of libvips: 16383 × 16383 pixels. */
export const defaultMaxPixels = 0x3fff ** 2;

/** @throws DataError if an option is unknown or has an invalid value */
export function checkPixelOptions(where: string, options: PixelOptions): void {
  requireKnown(where, options, ['bands', 'maxPixels']);
  const { bands, maxPixels } = options;
  if (maxPixels !== undefined) requireCount(`${where}.maxPixels`, maxPixels, 1);
  if (bands === undefined) return;
  const counted = Array.isArray(bands) && bands.length === 3 && bands.every((n) => Number.isSafeInteger(n) && n >= 1);
  if (counted) return;
  const what = `${where}.bands is ${shown(bands)}`;
  throw new DataError(`${what}: expected the numbers of three bands, counted from 1, for red, green and blue`);
}
