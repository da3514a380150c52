import path from 'node:path';
import { tag, tiffFile } from '@dn-detr/testing/tiff-file';
import { describe, expect, it } from 'vitest';
import { decodeImage } from './decode-image.ts';
import { DataError } from './error.ts';
import { UnsupportedImageError } from './image-error.ts';
import { headerSize, imageHeader } from './image-header.ts';
import { makeFolder, plainImage } from './testing/dataset-folder.ts';

const plain = () => plainImage(64, 48);

describe('headerSize', () => {
  it('gives the size of the upright image', async () => {
    const folder = makeFolder({
      'x.jpg': await plain().jpeg().withMetadata({ orientation: 8 }).toBuffer(),
      'y.jpg': 'nothing',
    });
    expect(await headerSize(path.join(folder, 'x.jpg'), 'x.jpg')).toEqual({ width: 48, height: 64 });
    await expect(headerSize(path.join(folder, 'y.jpg'), 'y.jpg')).rejects.toThrow(DataError);
  });
});

describe('imageHeader', () => {
  const size = { width: 6, height: 4 };
  const pixels = 6 * 4;

  it.each([
    ['signed 8-bit values', new Int8Array(pixels)],
    ['signed 16-bit values', new Int16Array(pixels)],
    ['32-bit whole numbers', new Uint32Array(pixels)],
    ['signed 32-bit whole numbers', new Int32Array(pixels)],
    ['floating-point values', new Float32Array(pixels)],
  ])('refuses a TIFF of %s, with bands and format', async (values, data) => {
    const file = tiffFile({ ...size, channels: 1, data });
    const error = await imageHeader(file, 'x.tif').catch((error: unknown) => error);
    expect(error).toBeInstanceOf(UnsupportedImageError);
    const fault = `holds 1 band of ${values} (TIFF), for which the value of white is unknown`;
    expect((error as UnsupportedImageError).fault).toBe(fault);
  });

  it('refuses more pixels than the limit, with the size and the limit', async () => {
    const file = await plainImage(30, 20).png().toBuffer();
    const message = 'x.png has 30 × 20 = 600 pixels, more than the limit of 599 (data.maxPixels): raise the limit, ';
    await expect(imageHeader(file, 'x.png', { maxPixels: 599 })).rejects.toThrow(message);
    await expect(decodeImage(file, { name: 'x.png', width: 30, height: 20 }, { maxPixels: 599 })).rejects.toThrow(
      UnsupportedImageError,
    );
    expect(await imageHeader(file, 'x.png', { maxPixels: 600 })).toMatchObject({ width: 30, height: 20 });
    // Only the header has that size.
    const tags = { [tag.width]: [16384], [tag.height]: [16384] };
    const large = tiffFile({ ...size, channels: 1, data: new Uint8Array(pixels), tags });
    await expect(imageHeader(large, 'x.tif')).rejects.toThrow(
      'x.tif has 16384 × 16384 = 268,435,456 pixels, more than the limit of 268,402,689 (data.maxPixels)',
    );
    expect(await imageHeader(large, 'x.tif', { maxPixels: 3e8 })).toMatchObject({ width: 16384 });
  });
});
