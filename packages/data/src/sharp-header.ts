/** Headers of the formats that sharp reads. */
import sharp, { type Metadata, type SharpOptions } from 'sharp';
import type { ColourModel, ImageHeader } from './image-description.ts';
import { damaged, unreadable } from './image-error.ts';
import type { ImageFormat } from './image-formats.ts';

/** Limits are checked elsewhere, where messages can name them. Colour profiles are ignored, as in Pillow. */
export const sharpOptions = {
  limitInputPixels: false,
  limitInputChannels: false,
  ignoreIcc: true,
} as const satisfies SharpOptions;

/** @throws ImageError if there is no header, or one with samples that the format cannot have */
export async function sharpHeader(source: string | Buffer, name: string, format: ImageFormat): Promise<ImageHeader> {
  let metadata: Metadata;
  try {
    metadata = await sharp(source, sharpOptions).metadata();
  } catch (error) {
    throw unreadable(name, damaged('header', error));
  }
  // Where two files fail at once, sharp may lose an error and return nothing instead.
  if (metadata.format === undefined) throw unreadable(name, damaged('header', undefined));
  const { width, height, orientation = 1, autoOrient, space, channels, depth, hasAlpha, pages = 1 } = metadata;
  return {
    format,
    width,
    height,
    orientation,
    upright: autoOrient,
    bands: channels,
    depth: depth === 'ushort' ? 16 : 8,
    colours: coloursOf(space),
    alpha: hasAlpha,
    frames: pages,
  };
}

function coloursOf(space: string): ColourModel {
  if (space === 'cmyk') return 'cmyk';
  return space === 'b-w' || space === 'grey16' ? 'grey' : 'rgb';
}
