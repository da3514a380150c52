/** Whether an image file is whole, as far as that shows without decoding it. */
import fs from 'node:fs';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { ImageError, imageHeader, unreadable } from './image-file.ts';

const [open, read] = [promisify(fs.open), promisify(fs.read)];

/** Some cameras fill their files up after the end. */
const tailLength = 64;
const jpegEnd = Buffer.of(0xff, 0xd9);
/** the last chunk: its name and checksum */
const pngEnd = Buffer.from('IEND\xae\x42\x60\x82', 'latin1');

/**
 * Looks for the mark that ends a JPEG or PNG. A file without one is decoded if its header says that it is either, for some
 * programs add data of their own; of other formats only the header is read. Damage in the middle is not found.
 *
 * @param size of the upright image, if an annotation says it
 * @returns the size, from the header if it was not given
 * @throws ImageError if the file is empty, cut off or no image, or cannot be read
 */
export async function sizeOfWholeImage(
  file: string,
  name: string,
  size?: { readonly width: number; readonly height: number },
): Promise<{ readonly width: number; readonly height: number }> {
  const tail = await readTail(file).catch((error: unknown) => {
    throw unreadable(name, error);
  });
  if (tail.length === 0) throw new ImageError(name, 'is empty', 'download or copy it again');
  const ends = tail.includes(jpegEnd) || tail.includes(pngEnd);
  if (ends && size !== undefined) return size;
  const { format, autoOrient } = await imageHeader(file, name);
  if (!ends && (format === 'jpeg' || format === 'png')) {
    // Not `stats()`: where two files fail at once, it may lose an error and seem to succeed.
    await sharp(file, { failOn: 'error' })
      .raw()
      .toBuffer()
      .catch((error: unknown) => {
        throw unreadable(name, error);
      });
  }
  return size ?? autoOrient;
}

/** Opening a data set does this to every image: what needs no disk is done at once, which takes a third of the time. */
async function readTail(file: string): Promise<Buffer> {
  const descriptor = await open(file, 'r');
  try {
    const { size } = fs.fstatSync(descriptor);
    const tail = Buffer.allocUnsafe(Math.min(size, tailLength));
    await read(descriptor, tail, 0, tail.length, size - tail.length);
    return tail;
  } finally {
    fs.closeSync(descriptor);
  }
}
