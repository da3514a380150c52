/** Options of how image files become pixels. */
import { DataError } from './error.ts';
import { requireCount, requireKnown, shown } from './option-checks.ts';

/** How image files become pixels. */
export interface PixelOptions {
  /** Three bands, counted from 1, that become red, green and blue of TIFF and PAM files with four or more bands. */
  readonly bands?: readonly [number, number, number];
  /** Images with more pixels are refused. @defaultValue 268,402,689, libvips' limit */
  readonly maxPixels?: number;
}

/** 16383 × 16383, the limit of libvips */
export const defaultMaxPixels = 0x3fff ** 2;

/** @throws DataError if there is an unknown option, or one that cannot be followed */
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
