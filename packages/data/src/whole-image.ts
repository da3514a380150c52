/** Checks whether an image file is complete, as far as possible without decoding it. */
import sharp from 'sharp';
import { type ByteSource, withBytes } from './byte-source.ts';
import { damaged, ImageError, unreadable } from './image-error.ts';
import { type ImageFormat, recognise } from './image-formats.ts';
import { imageHeader, pngSize, requirePixels } from './image-header.ts';
import { readableJpegFrame } from './jpeg.ts';
import type { PixelOptions } from './pixel-options.ts';
import { sharpOptions } from './sharp-header.ts';

/** Some cameras pad their files after the end. */
const tailLength = 64;
const jpegEnd = Buffer.of(0xff, 0xd9);
/** The last chunk of a PNG: its name and checksum. */
const pngEnd = Buffer.from('IEND\xae\x42\x60\x82', 'latin1');
/** Enough bytes to tell a JPEG and a PNG from all others, and for a PNG's size. */
const headLength = 24;

interface Size {
  readonly width: number;
  readonly height: number;
}

/**
 * Looks for the mark that ends a JPEG or PNG. A JPEG or PNG without one is decoded, because some programs append their
 * own data; for other formats only the header is read. Damage in the middle is not found.
 *
 * @param size size of the upright image, if an annotation gives it
 * @returns the size, from the header if it was not given
 * @throws UnsupportedImageError as `imageHeader` does
 * @throws ImageError if the file is empty, cut off or not an image, or cannot be read
 */
export async function sizeOfWholeImage(file: string, name: string, size?: Size, options?: PixelOptions): Promise<Size> {
  const { format, ends, stored } = await withBytes(file, (bytes) => lookAt(bytes, name)).catch((error: unknown) => {
    throw error instanceof ImageError ? error : unreadable(name, error);
  });
  const marked = format === 'JPEG' || format === 'PNG';
  if (stored !== undefined && ends && size !== undefined) {
    requirePixels(stored, name, options);
    return size;
  }
  const { upright } = await imageHeader(file, name, options);
  if (marked && !ends) {
    // Not `stats()`: where two files fail at once, it may lose an error and seem to succeed.
    await sharp(file, { ...sharpOptions, failOn: 'error' })
      .raw()
      .toBuffer()
      .catch((error: unknown) => {
        throw unreadable(name, damaged('pixel data', error));
      });
  }
  return size ?? upright;
}

interface Look {
  /** The file's format; undefined if it is not supported. */
  readonly format: ImageFormat | undefined;
  /** Whether the file ends with the mark of a JPEG or PNG. */
  readonly ends: boolean;
  /** Size of the pixels as stored, where the first bytes of a JPEG or PNG give it. */
  readonly stored: Size | undefined;
}

async function lookAt(bytes: ByteSource, name: string): Promise<Look> {
  if (bytes.size === 0) throw new ImageError(name, 'is empty', 'download or copy it again');
  const head = await bytes.read(0, headLength);
  const recognised = recognise(head);
  const format = recognised && 'format' in recognised ? recognised.format : undefined;
  const stored =
    format === 'JPEG' ? await readableJpegFrame(bytes, name) : format === 'PNG' ? pngSize(head) : undefined;
  const tail = await bytes.read(Math.max(bytes.size - tailLength, 0), tailLength);
  return { format, ends: tail.includes(jpegEnd) || tail.includes(pngEnd), stored };
}
