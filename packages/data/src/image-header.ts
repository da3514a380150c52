/** What an image file says of itself, and whether its pixels can be read. */
import fs from 'node:fs/promises';
import sharp, { type Metadata, type SharpOptions } from 'sharp';
import { UnsupportedImageError, unreadable } from './image-error.ts';
import { type ImageFormat, magicLength, recognise } from './image-formats.ts';
import { defaultMaxPixels, type PixelOptions } from './pixel-options.ts';

/** How a file's bands become colours. */
export type ColourModel = 'grey' | 'rgb' | 'cmyk' | 'bands';

/** What a file's header says. */
export interface ImageHeader {
  readonly format: ImageFormat;
  /** of the pixels as they are stored */
  readonly width: number;
  readonly height: number;
  /** EXIF's: 1 is upright, 2 to 8 are to be turned or mirrored */
  readonly orientation: number;
  /** the size of the upright image */
  readonly upright: { readonly width: number; readonly height: number };
  /** colours, alpha and all others */
  readonly bands: number;
  /** bits of a sample */
  readonly depth: 8 | 16;
  readonly colours: ColourModel;
  /** whether one of the bands is an alpha channel */
  readonly alpha: boolean;
  /** of an animation or a file of several pages */
  readonly frames: number;
}

/** Limits are kept here, where they can be named. Colour profiles are ignored, as Pillow ignores them. */
export const sharpOptions = {
  limitInputPixels: false,
  limitInputChannels: 0,
  ignoreIcc: true,
} as const satisfies SharpOptions & { limitInputChannels: number };

/**
 * Reads the header, and refuses what `decodeImage` would refuse for its format, bands, depth or size.
 *
 * @param source a path, or the file's bytes
 * @throws UnsupportedImageError if the file is of a kind that is not read, or has more pixels than `maxPixels`
 * @throws ImageError if it is no image, or cannot be read
 */
export async function imageHeader(
  source: string | Buffer,
  name: string,
  options: PixelOptions = {},
): Promise<ImageHeader> {
  const recognised = recognise(await headOf(source, name));
  if (recognised === undefined) throw unreadable(name, new Error('it begins like no image format that is known'));
  if ('refused' in recognised) {
    throw new UnsupportedImageError(name, `is ${recognised.refused}, which is not read`, recognised.advice);
  }
  const header = await sharpHeader(source, name, recognised.format);
  requirePixels(header, name, options);
  requireBands(header, name, options);
  return header;
}

async function headOf(source: string | Buffer, name: string): Promise<Buffer> {
  if (typeof source !== 'string') return source.subarray(0, magicLength);
  try {
    const file = await fs.open(source);
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(magicLength), 0, magicLength, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (error) {
    throw unreadable(name, error);
  }
}

const depths: Readonly<Record<string, string>> = {
  char: 'signed 8-bit values',
  short: 'signed 16-bit values',
  uint: '32-bit whole numbers',
  int: 'signed 32-bit whole numbers',
  float: 'floating-point values',
  double: 'floating-point values of 64 bits',
  complex: 'complex numbers',
  dpcomplex: 'complex numbers of 128 bits',
};

async function sharpHeader(source: string | Buffer, name: string, format: ImageFormat): Promise<ImageHeader> {
  let metadata: Metadata;
  try {
    metadata = await sharp(source, sharpOptions).metadata();
  } catch (error) {
    throw unreadable(name, error);
  }
  // Where two files fail at once, sharp may lose an error and give nothing instead.
  if (metadata.format === undefined) throw unreadable(name, new Error('no header'));
  const { width, height, orientation = 1, autoOrient, space, channels, depth, hasAlpha, pages = 1 } = metadata;
  if (depth !== 'uchar' && depth !== 'ushort') {
    const values = depths[depth] ?? `values of the kind ${depth}`;
    const fault = `holds ${counted(channels, 'band')} of ${values} (${format}), for which nothing says what white is`;
    throw new UnsupportedImageError(name, fault, 'convert it to unsigned values of 8 or 16 bits');
  }
  return {
    format,
    width,
    height,
    orientation,
    upright: autoOrient,
    bands: channels,
    depth: depth === 'uchar' ? 8 : 16,
    colours: coloursOf(space, channels),
    alpha: hasAlpha && format !== 'TIFF',
    frames: pages,
  };
}

function coloursOf(space: string, bands: number): ColourModel {
  if (space === 'cmyk') return 'cmyk';
  if (space === 'b-w' || space === 'grey16') return bands < 3 ? 'grey' : 'bands';
  return bands < 5 && space !== 'multiband' ? 'rgb' : 'bands';
}

/** @throws UnsupportedImageError if the image has more pixels than the limit */
export function requirePixels(
  { width, height }: { readonly width: number; readonly height: number },
  name: string,
  { maxPixels: limit = defaultMaxPixels }: PixelOptions = {},
): void {
  if (width * height <= limit) return;
  const [pixels, most] = [width * height, limit].map((n) => n.toLocaleString('en-US'));
  const fault = `has ${width} × ${height} = ${pixels} pixels, more than the limit of ${most} (data.maxPixels)`;
  throw new UnsupportedImageError(name, fault, 'raise the limit, make the image smaller, or cut it into parts');
}

/** Whether the user's choice of bands concerns the file: an alpha channel or the ink black is no band to choose. */
export const choosesBands = ({ format, bands, colours }: ImageHeader): boolean =>
  (format === 'TIFF' || format === 'Netpbm') && bands >= 4 && colours !== 'cmyk';

function requireBands(header: ImageHeader, name: string, { bands: chosen }: PixelOptions): void {
  const { format, bands, depth } = header;
  const what = `holds ${counted(bands, 'band')} of ${depth} bits (${format})`;
  if (chosen !== undefined && choosesBands(header)) {
    const beyond = chosen.find((band) => band > bands);
    if (beyond === undefined) return;
    const fault = `${what}, and no band ${beyond}, which data.bands = [${chosen.join(', ')}] asks for`;
    throw new UnsupportedImageError(name, fault, `choose among the bands 1 to ${bands}`);
  }
  if (bands < 5 || header.colours === 'cmyk') return;
  const fault = `${what}, and nothing says which three are red, green and blue (data.bands)`;
  throw new UnsupportedImageError(
    name,
    fault,
    'set data.bands, such as [3, 2, 1], or convert the image to three bands',
  );
}

const counted = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? '' : 's'}`;

/**
 * Width and height of the upright image, from the file's header.
 *
 * @throws ImageError as `imageHeader` does
 */
export async function headerSize(
  file: string,
  name: string,
  options?: PixelOptions,
): Promise<{ width: number; height: number }> {
  return (await imageHeader(file, name, options)).upright;
}
