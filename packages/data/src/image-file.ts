/** Images on disk: sizes from headers, pixels when they are asked for. */
import fs from 'node:fs/promises';
import sharp, { type Metadata } from 'sharp';
import type { DatasetImage, ImageObjects, RgbImage } from './dataset.ts';
import { DataError } from './error.ts';

/** An image of a data set in a folder. */
export class FileImage implements DatasetImage {
  readonly id: number;
  readonly name: string;
  /** absolute */
  readonly path: string;
  readonly width: number;
  readonly height: number;
  readonly objects: ImageObjects;

  constructor(image: Omit<FileImage, 'read'>) {
    this.id = image.id;
    this.name = image.name;
    this.path = image.path;
    this.width = image.width;
    this.height = image.height;
    this.objects = image.objects;
  }

  async read(): Promise<RgbImage> {
    let bytes: Buffer;
    try {
      bytes = await fs.readFile(this.path);
    } catch (error) {
      throw unreadable(this.name, error);
    }
    return decodeImage(bytes, this);
  }
}

/** What is wrong with one image file. */
export class ImageError extends DataError {
  /** @param fault what is to be said of the image, such as "is empty" */
  constructor(
    image: string,
    readonly fault: string,
    advice: string,
    options?: ErrorOptions,
  ) {
    super(`${image} ${fault}: ${advice}`, options);
  }
}

/** The file is an image, but not the one that was annotated. */
export class SizeMismatchError extends ImageError {}

interface Announced {
  readonly name: string;
  readonly width: number;
  readonly height: number;
}

/**
 * Decodes to 8-bit sRGB: greyscale threefold, transparency laid on black, the first frame of several. The EXIF rotation
 * is followed unless only the pixels as they are stored have the announced size, for then the boxes refer to those.
 *
 * @throws ImageError if the bytes are no whole image, are no pixels of whole numbers, or of another size than announced
 */
export async function decodeImage(bytes: Buffer, { name, width, height }: Announced): Promise<RgbImage> {
  // JPEG and PNG hold whole numbers alone.
  if (bytes[0] !== 0xff && bytes[0] !== 0x89) await imageHeader(bytes, name);
  const decode = async (upright: boolean): Promise<RgbImage> => {
    try {
      // A warning of libjpeg or libpng, such as about an odd colour profile, is no reason to stop; a truncated file is.
      const image = sharp(bytes, { failOn: 'error' });
      if (upright) image.autoOrient();
      const { data, info } = await image
        .flatten({ background: 'black' })
        .toColourspace('srgb')
        .raw({ depth: 'uchar' })
        .toBuffer({ resolveWithObject: true });
      return { width: info.width, height: info.height, data };
    } catch (error) {
      throw unreadable(name, error);
    }
  };
  const upright = await decode(true);
  if (upright.width === width && upright.height === height) return upright;
  if (upright.width === height && upright.height === width) {
    const stored = await decode(false);
    if (stored.width === width && stored.height === height) return stored;
  }
  throw new SizeMismatchError(
    name,
    `is ${upright.width} × ${upright.height} pixels, but annotated as ${width} × ${height}`,
    'annotate the image as it is, or put back the one that was annotated',
  );
}

/**
 * Width and height of the upright image, from the file's header.
 *
 * @throws ImageError if there is none, or the file holds no pixels of whole numbers
 */
export async function headerSize(file: string, name: string): Promise<{ width: number; height: number }> {
  return (await imageHeader(file, name)).autoOrient;
}

/**
 * What the file's header says.
 *
 * @throws ImageError as `headerSize` does
 */
export async function imageHeader(source: string | Buffer, name: string): Promise<Metadata> {
  let metadata: Metadata;
  try {
    metadata = await sharp(source).metadata();
  } catch (error) {
    throw unreadable(name, error);
  }
  // Where two files fail at once, sharp may lose an error and give nothing instead.
  if (metadata.format === undefined) throw unreadable(name, new Error('no header'));
  if (metadata.format === 'svg') throw new ImageError(name, 'is an SVG drawing', `expected pixels; ${advice}`);
  if (metadata.depth === 'float' || metadata.depth === 'double') {
    const fault = 'holds floating-point values, for which nothing says what white is';
    throw new ImageError(name, fault, 'convert it to 8 or 16 bits');
  }
  return metadata;
}

const advice = 'replace it or take it out of the annotations';

/** For a file that is no image, or cannot be read at all. */
export function unreadable(name: string, error: unknown): ImageError {
  const reason = (error as Error).message.trim().split('\n')[0];
  const more = `${advice} (data check lists all such images)`;
  return new ImageError(name, `cannot be read as an image (${reason})`, more, { cause: error });
}
