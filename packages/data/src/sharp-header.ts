/** Headers of the formats that sharp reads. */
import sharp, { type Metadata, type SharpOptions } from 'sharp';
import { UnsupportedImageError, unreadable } from './image-error.ts';
import type { ImageFormat } from './image-formats.ts';
import type { ColourModel, ImageHeader } from './image-header.ts';

/** Limits are kept elsewhere, where they can be named. Colour profiles are ignored, as Pillow ignores them. */
export const sharpOptions = {
  limitInputPixels: false,
  limitInputChannels: false,
  ignoreIcc: true,
} as const satisfies SharpOptions;

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

/**
 * @throws UnsupportedImageError if the samples are no unsigned numbers of 8 or 16 bits
 * @throws ImageError if there is no header
 */
export async function sharpHeader(source: string | Buffer, name: string, format: ImageFormat): Promise<ImageHeader> {
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
    const fault = `holds ${channels} ${channels === 1 ? 'band' : 'bands'} of ${values} (${format}), for which nothing says what white is`;
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
