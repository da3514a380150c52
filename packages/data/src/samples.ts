/** Samples of 8 or 16 bits become red, green and blue of 8. */
import os from 'node:os';
import sharp from 'sharp';
import type { RgbImage } from './dataset.ts';
import { damaged } from './image-error.ts';
import { sharpOptions } from './sharp-header.ts';

/** Samples as a decoder gives them, the bands of a pixel side by side. */
export interface Samples {
  readonly width: number;
  readonly height: number;
  /** `[height, width, channels]`, of 8 bits, or of 16 in the machine's byte order */
  readonly data: Buffer;
  readonly channels: number;
  readonly depth: 8 | 16;
}

/**
 * Decodes the file with sharp, without a change of colours: grey becomes three equal channels, followed by any other
 * bands.
 *
 * @param upright whether the EXIF rotation is followed
 */
export async function sharpSamples(file: Buffer, depth: 8 | 16, upright: boolean, cmyk = false): Promise<Samples> {
  // A warning of libjpeg or libpng, such as about an odd colour profile, is no reason to stop; a truncated file is.
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

/** The place of a channel's byte within a pixel: of 16 bits, the high one. */
const byteOf = (channel: number, depth: 8 | 16): number => (depth === 8 ? channel : 2 * channel + highByte);

/** Divides a colour by the alpha, 1 to 255, that it was multiplied by; what is above 255 is cut off afterwards. */
type Divide = (colour: number, alpha: number) => number;

/** Pillow's own division. */
const divided: Divide = (colour, alpha) => Math.floor((colour * 255) / alpha);

/** As libyuv divides, which Pillow has for AVIF: by a table of reciprocals, which is not exact. */
export const dividedByTable: Divide = (colour, alpha) => {
  const reciprocal = alpha === 1 ? 65535 : alpha === 255 ? 256 : Math.floor(65536 / alpha);
  return Math.floor((colour * 257 * reciprocal) / 65536);
};

/**
 * @param take the channels that become red, green and blue
 * @param alpha the channel that the colours were multiplied by, if they were
 * @param divide undoes that
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

/** Of the four inks, as Pillow converts them, without a profile. */
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

/** a · b / 255, rounded as Pillow's MULDIV255 does. */
function product(a: number, b: number): number {
  const x = a * b + 128;
  return ((x >> 8) + x) >> 8;
}
