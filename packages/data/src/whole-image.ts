/** Whether an image file is whole, as far as that shows without decoding it. */
import fs from 'node:fs';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { ImageError, unreadable } from './image-error.ts';
import { recognise } from './image-formats.ts';
import { imageHeader, requirePixels } from './image-header.ts';
import type { PixelOptions } from './pixel-options.ts';
import { sharpOptions } from './sharp-header.ts';

const [open, read] = [promisify(fs.open), promisify(fs.read)];

/** Some cameras fill their files up after the end. */
const tailLength = 64;
const jpegEnd = Buffer.of(0xff, 0xd9);
/** the last chunk: its name and checksum */
const pngEnd = Buffer.from('IEND\xae\x42\x60\x82', 'latin1');
/** enough to tell a JPEG and a PNG from all others */
const headLength = 16;

/**
 * Looks for the mark that ends a JPEG or PNG. A file of either without one is decoded, for some programs add data of their
 * own; of other formats only the header is read. Damage in the middle is not found.
 *
 * @param size of the upright image, if an annotation says it
 * @returns the size, from the header if it was not given
 * @throws UnsupportedImageError as `imageHeader` does
 * @throws ImageError if the file is empty, cut off or no image, or cannot be read
 */
export async function sizeOfWholeImage(
  file: string,
  name: string,
  size?: { readonly width: number; readonly height: number },
  options?: PixelOptions,
): Promise<{ readonly width: number; readonly height: number }> {
  const { head, tail } = await readEnds(file).catch((error: unknown) => {
    throw unreadable(name, error);
  });
  if (head.length === 0) throw new ImageError(name, 'is empty', 'download or copy it again');
  const recognised = recognise(head);
  const format = recognised && 'format' in recognised ? recognised.format : undefined;
  const marked = format === 'JPEG' || format === 'PNG';
  const ends = tail.includes(jpegEnd) || tail.includes(pngEnd);
  if (marked && ends && size !== undefined) {
    requirePixels(size, name, options);
    return size;
  }
  const { upright } = await imageHeader(file, name, options);
  if (marked && !ends) {
    // Not `stats()`: where two files fail at once, it may lose an error and seem to succeed.
    await sharp(file, { ...sharpOptions, failOn: 'error' })
      .raw()
      .toBuffer()
      .catch((error: unknown) => {
        throw unreadable(name, error);
      });
  }
  return size ?? upright;
}

/** Opening a data set does this to every image: what needs no disk is done at once, which takes a third of the time. */
async function readEnds(file: string): Promise<{ head: Buffer; tail: Buffer }> {
  const descriptor = await open(file, 'r');
  try {
    const { size } = fs.fstatSync(descriptor);
    const tail = Buffer.allocUnsafe(Math.min(size, tailLength));
    await read(descriptor, tail, 0, tail.length, size - tail.length);
    const head = Buffer.allocUnsafe(Math.min(size, headLength));
    await read(descriptor, head, 0, head.length, 0);
    return { head, tail };
  } finally {
    fs.closeSync(descriptor);
  }
}
