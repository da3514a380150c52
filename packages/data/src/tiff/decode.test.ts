import { tag, tiffFile } from '@dn-detr/testing/tiff-file';
import { describe, expect, it } from 'vitest';
import { decodeImage } from '../decode-image.ts';
import { UnsupportedImageError } from '../image-error.ts';
import { imageHeader } from '../image-header.ts';
import type { PixelOptions } from '../pixel-options.ts';

const orientation = 274;
const size = { width: 5, height: 4 };

/** An image whose pixels are all the same. */
const plain = (pixel: readonly number[], tags: Readonly<Record<number, readonly number[]>> = {}): Buffer => {
  const data = Uint8Array.from({ length: 20 * pixel.length }, (_, n) => pixel[n % pixel.length] as number);
  return tiffFile({ ...size, channels: pixel.length, data, tags });
};

async function firstPixel(file: Buffer, options?: PixelOptions): Promise<number[]> {
  await imageHeader(file, 'image.tif', options);
  const { data } = await decodeImage(file, { name: 'image.tif', ...size }, options);
  return [...data.subarray(0, 3)];
}

describe('colours that were multiplied by alpha', () => {
  const associated = { [tag.extra]: [1] };

  it('are divided by it, unless bands are chosen', async () => {
    const file = plain([50, 100, 25, 128], associated);
    expect(await firstPixel(file)).toEqual([99, 199, 49]);
    expect(await firstPixel(file, { bands: [4, 2, 1] })).toEqual([128, 100, 50]);
    expect(await firstPixel(file, { bands: [1, 2, 3] })).toEqual([50, 100, 25]);
  });

  it('are not divided by another band', async () => {
    const file = plain([50, 100, 25, 128], { [tag.photometric]: [1], [tag.extra]: [1, 0, 0] });
    expect(await firstPixel(file)).toEqual([50, 100, 25]);
  });
});

describe('a TIFF', () => {
  it.each([0, 9, 77])('with the invalid orientation %i is upright', async (value) => {
    expect(await firstPixel(plain([1, 2, 3], { [orientation]: [value] }))).toEqual([1, 2, 3]);
  });

  it('with three inks is refused by its header', async () => {
    const opening = firstPixel(plain([1, 2, 3], { [tag.photometric]: [5] }));
    await expect(opening).rejects.toThrow(UnsupportedImageError);
    await expect(opening).rejects.toThrow(/holds inks in 3 bands of 8 bits \(TIFF\)/);
  });

  it('whose pixels are cut off is refused by its header', async () => {
    const file = plain([1, 2, 3], { [tag.length]: [6000] });
    await expect(imageHeader(file, 'image.tif')).rejects.toThrow(/its pixels end at 6008 or later/);
  });
});
