/** Converts samples of 8 or 16 bits to red, green and blue of 8 bits. */
import os from 'node:os';
import sharp from 'sharp';
import type { RgbImage } from './dataset.ts';
import { damaged } from './image-error.ts';
import { sharpOptions } from './sharp-header.ts';

/** Samples as a decoder returns them, with the bands of a pixel next to each other. */
export interface Samples {
  readonly width: number;
  readonly height: number;
  /** Samples `[height, width, channels]`, of 8 bits, or of 16 in the machine's byte order. */
  readonly data: Buffer;
  /** Number of bands per pixel. */
  readonly channels: number;
  /** Bits per sample. */
  readonly depth: 8 | 16;
}

/**
 * Decodes a file with sharp, without converting colours: grey becomes three equal channels, and any other bands follow.
 *
 * @param upright whether the EXIF rotation is followed
 */
export async function sharpSamples(file: Buffer, depth: 8 | 16, upright: boolean, cmyk = false): Promise<Samples> {
  // A warning from libjpeg or libpng, such as about an odd colour profile, is no reason to stop; a truncated file is.
  const image = sharp(file, { ...sharpOptions, failOn: 'error' });
  if (upright) image.autoOrient();
  if (cmyk) image.pipelineColourspace('cmyk').toColourspace('cmyk');
  else image.toColourspace(depth === 8 ? 'srgb' : 'rgb16');
  const { data, info } = await image
    .raw({ depth: depth === 8 ? 'uchar' : 'ushort' })
    .toBuffer({ resolveWithObject: true })
    .catch((error: unknown) => {
      throw damaged('pixel data', error);
    });
  const { width, height, channels } = info;
  if (data.length !== width * height * channels * (depth / 8) || channels < 3) {
    throw new Error(`${data.length} bytes for ${width} × ${height} pixels of ${channels} × ${depth} bits`);
  }
  return { width, height, data, channels, depth };
}

const highByte = os.endianness() === 'LE' ? 1 : 0;

/** Offset of a channel's byte within a pixel: for 16 bits, the high byte. */
const byteOf = (channel: number, depth: 8 | 16): number => (depth === 8 ? channel : 2 * channel + highByte);

/** Divides a colour by the alpha, 1 to 255, that it was multiplied by; values above 255 are clipped afterwards. */
type Divide = (colour: number, alpha: number) => number;

/** Pillow's own division. */
const divided: Divide = (colour, alpha) => Math.floor((colour * 255) / alpha);

/** Divides as libyuv does, which Pillow uses for AVIF: with a table of reciprocals, which is not exact. */
export const dividedByTable: Divide = (colour, alpha) => {
  const reciprocal = alpha === 1 ? 65535 : alpha === 255 ? 256 : Math.floor(65536 / alpha);
  return Math.floor((colour * 257 * reciprocal) / 65536);
};

/**
 * Picks red, green and blue from the samples.
 *
 * @param take the channels that become red, green and blue
 * @param alpha the channel that the colours were multiplied by, if any
 * @param divide undoes the multiplication
 */
export function rgbOf(samples: Samples, take: readonly number[], alpha?: number, divide: Divide = divided): RgbImage {
  const { width, height, data, channels, depth } = samples;
  const asIs = channels === 3 && depth === 8 && alpha === undefined && take.every((channel, n) => channel === n);
  if (asIs) return { width, height, data };
  const step = channels * (depth / 8);
  const [red, green, blue] = take.map((channel) => byteOf(channel, depth)) as [number, number, number];
  const rgb = new Uint8Array(width * height * 3);
  for (let from = 0, to = 0; to < rgb.length; from += step, to += 3) {
    rgb[to] = data[from + red] as number;
    rgb[to + 1] = data[from + green] as number;
    rgb[to + 2] = data[from + blue] as number;
  }
  if (alpha === undefined) return { width, height, data: rgb };
  const share = byteOf(alpha, depth);
  for (let from = 0, to = 0; to < rgb.length; from += step) {
    const part = data[from + share] as number;
    for (let n = 0; n < 3; n++, to++) {
      rgb[to] = part === 0 ? 0 : Math.min(255, divide(rgb[to] as number, part));
    }
  }
  return { width, height, data: rgb };
}

/** Converts the four inks as Pillow does, without a profile. */
export function rgbOfInks({ width, height, data, channels, depth }: Samples): RgbImage {
  const step = channels * (depth / 8);
  const [cyan, magenta, yellow, black] = [0, 1, 2, 3].map((channel) => byteOf(channel, depth)) as [
    number,
    number,
    number,
    number,
  ];
  const rgb = new Uint8Array(width * height * 3);
  for (let from = 0, to = 0; to < rgb.length; from += step, to += 3) {
    const light = 255 - (data[from + black] as number);
    rgb[to] = light - product(data[from + cyan] as number, light);
    rgb[to + 1] = light - product(data[from + magenta] as number, light);
    rgb[to + 2] = light - product(data[from + yellow] as number, light);
  }
  return { width, height, data: rgb };
}

/** Returns a · b / 255, rounded, as Pillow's MULDIV255 does. */
function product(a: number, b: number): number {
  const x = a * b + 128;
  return ((x >> 8) + x) >> 8;
}
