/** Converts YCbCr in TIFF files to red, green and blue, to the last bit as in Pillow. */
import type { RgbImage } from '../dataset.ts';
import type { Samples } from '../samples.ts';
import { type TiffDirectory, tiffTag } from './directory.ts';
import type { TiffForm } from './form.ts';

/** Contribution of each value to the colours; sums for green are shifted before they are added. */
interface YcbcrTables {
  readonly y: Int32Array;
  readonly red: Int32Array;
  readonly blue: Int32Array;
  readonly greenOfCb: Int32Array;
  readonly greenOfCr: Int32Array;
  readonly shift: number;
}

const table = (value: (byte: number) => number): Int32Array => Int32Array.from({ length: 256 }, (_, n) => value(n));

/**
 * Pillow reads uncompressed samples without subsampling itself, with JPEG's conversion, and leaves all others to
 * libtiff.
 */
export async function ycbcrTables(directory: TiffDirectory, form: TiffForm): Promise<YcbcrTables> {
  const [across, down] = form.subsampling;
  if (form.compression === 1 && across === 1 && down === 1) return pillowTables;
  const luma = await directory.numbers(tiffTag.ycbcrCoefficients);
  const levels = await directory.numbers(tiffTag.referenceBlackWhite);
  return libtiffTables(
    luma.length === 3 ? (luma as [number, number, number]) : [0.299, 0.587, 0.114],
    levels.length === 6 ? levels : [0, 255, 128, 255, 128, 255],
  );
}

/**
 * Tables of Pillow's `ConvertYCbCr.c`: products with 6 binary places, rounded, and one more where they are negative.
 */
const pillowTables: YcbcrTables = (() => {
  const product = (factor: number) =>
    table((byte) => {
      const x = factor * 64 * (byte - 128);
      return Math.floor(x + 0.5) + (x < 0 ? 1 : 0);
    });
  const whole = (factor: number) => product(factor).map((x) => x >> 6);
  return {
    y: table((byte) => byte),
    red: whole(1.402),
    blue: whole(1.772),
    greenOfCb: product(-0.34414),
    greenOfCr: product(-0.71414),
    shift: 6,
  };
})();

/** Tables of `TIFFYCbCrToRGBInit` in libtiff's `tif_color.c`. */
function libtiffTables(luma: readonly [number, number, number], levels: readonly number[]): YcbcrTables {
  const [lumaRed, lumaGreen, lumaBlue] = luma.map(Math.fround) as [number, number, number];
  const factor = (x: number): number => Math.floor(Math.min(Math.max(Math.fround(x), 0), 2) * 65536 + 0.5);
  const ofRed = Math.fround(2 - 2 * lumaRed);
  const ofBlue = Math.fround(2 - 2 * lumaBlue);
  const [d1, d2] = [factor(ofRed), -factor((lumaRed * ofRed) / lumaGreen)];
  const [d3, d4] = [factor(ofBlue), -factor((lumaBlue * ofBlue) / lumaGreen)];
  const [y0, y1, cb0, cb1, cr0, cr1] = levels as [number, number, number, number, number, number];
  const level = (code: number, black: number, white: number, range: number): number => {
    const between = white - black === 0 ? 1 : white - black;
    const value = Math.fround((code - Math.trunc(black)) * range) / between;
    return Math.trunc(Math.min(Math.max(value, -128 * 32), 128 * 32));
  };
  const cb = (byte: number): number => level(byte - 128, cb0 - 128, cb1 - 128, 127);
  const cr = (byte: number): number => level(byte - 128, cr0 - 128, cr1 - 128, 127);
  const half = 32768;
  return {
    y: table((byte) => level(byte, y0, y1, 255)),
    red: table((byte) => (d1 * cr(byte) + half) >> 16),
    blue: table((byte) => (d3 * cb(byte) + half) >> 16),
    greenOfCb: table((byte) => d4 * cb(byte) + half),
    greenOfCr: table((byte) => d2 * cr(byte)),
    shift: 16,
  };
}

/** @param samples `[height, width, 3]` of 8 bits: Y, Cb, Cr */
export function rgbOfYcbcr({ width, height, data, channels }: Samples, tables: YcbcrTables): RgbImage {
  const { y, red, blue, greenOfCb, greenOfCr, shift } = tables;
  const rgb = new Uint8ClampedArray(width * height * 3);
  for (let from = 0, to = 0; to < rgb.length; from += channels, to += 3) {
    const light = y[data[from] as number] as number;
    const cb = data[from + 1] as number;
    const cr = data[from + 2] as number;
    rgb[to] = light + (red[cr] as number);
    rgb[to + 1] = light + (((greenOfCb[cb] as number) + (greenOfCr[cr] as number)) >> shift);
    rgb[to + 2] = light + (blue[cb] as number);
  }
  return { width, height, data: new Uint8Array(rgb.buffer) };
}
