import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { ImageError, UnsupportedImageError } from './image-error.ts';
import { makeFolder, plainImage } from './testing/dataset-folder.ts';
import { sizeOfWholeImage } from './whole-image.ts';

const plain = () => plainImage(64, 48);
const whole = { jpg: await plain().jpeg().toBuffer(), png: await plain().png().toBuffer() };

const [webp, gif, tiff] = await Promise.all([plain().webp(), plain().gif(), plain().tiff()].map((x) => x.toBuffer()));

const sizeOf = (bytes: Buffer, size?: { width: number; height: number }) =>
  sizeOfWholeImage(path.join(makeFolder({ x: bytes }), 'x'), 'x', size);

describe('sizeOfWholeImage', () => {
  it.each([
    ['JPEG', whole.jpg],
    ['PNG', whole.png],
    ['JPEG that is filled up with zeros', Buffer.concat([whole.jpg, Buffer.alloc(40)])],
    ['JPEG with a film after it', Buffer.concat([whole.jpg, Buffer.alloc(5000, 1)])],
    ['PNG with notes after it', Buffer.concat([whole.png, Buffer.alloc(5000, 1)])],
    ['WebP', webp as Buffer],
    ['GIF', gif as Buffer],
    ['TIFF', tiff as Buffer],
  ])('accepts a %s', async (_, bytes) => {
    expect(await sizeOf(bytes)).toMatchObject({ width: 64, height: 48 });
    expect(await sizeOf(bytes, { width: 7, height: 5 })).toEqual({ width: 7, height: 5 });
  });

  it('refuses every one of many damaged files that are read at the same time', async () => {
    const damaged = [whole.png.subarray(0, whole.png.length / 2), whole.jpg.subarray(0, -100), Buffer.from('no image')];
    const folder = makeFolder(
      Object.fromEntries(Array.from({ length: 600 }, (_, i) => [`${i}`, damaged[i % 3] as Buffer])),
    );
    const outcomes = await Promise.allSettled(
      Array.from({ length: 600 }, (_, i) => sizeOfWholeImage(path.join(folder, `${i}`), `${i}`)),
    );
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toEqual([]);
  });

  it('returns the size of the upright image', async () => {
    const turned = await plain().jpeg().withMetadata({ orientation: 8 }).toBuffer();
    expect(await sizeOf(turned)).toMatchObject({ width: 48, height: 64 });
  });

  it.each([
    ['an empty file', Buffer.alloc(0), 'is empty'],
    ['text', Buffer.from('no image'), 'cannot be read as an image ('],
    [
      'a JPEG without its last byte',
      whole.jpg.subarray(0, -1),
      'cannot be read as an image (its pixel data is damaged or cut off)',
    ],
    ['a JPEG without its last 100 bytes', whole.jpg.subarray(0, -100), 'cannot be read as an image ('],
    ['half a PNG', whole.png.subarray(0, whole.png.length / 2), 'cannot be read as an image ('],
    [
      'a drawing',
      Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'),
      'is an SVG drawing, which is not supported',
    ],
  ])('refuses %s, whether the size is known or not', async (_, bytes, fault) => {
    for (const size of [undefined, { width: 64, height: 48 }]) {
      const error = await sizeOf(bytes, size).catch((error: unknown) => error);
      expect(error).toBeInstanceOf(ImageError);
      expect((error as ImageError).fault.slice(0, fault.length)).toBe(fault);
      expect((error as ImageError).message).toMatch(/^x .+: .+/);
    }
  });

  it('refuses more pixels than the limit, whether the size is known or not', async () => {
    for (const size of [undefined, { width: 64, height: 48 }]) {
      for (const bytes of [whole.jpg, whole.png, tiff as Buffer]) {
        const file = path.join(makeFolder({ x: bytes }), 'x');
        await expect(sizeOfWholeImage(file, 'x', size, { maxPixels: 3071 })).rejects.toThrow(UnsupportedImageError);
        expect(await sizeOfWholeImage(file, 'x', size, { maxPixels: 3072 })).toMatchObject({ width: 64, height: 48 });
      }
    }
  });

  it('refuses more pixels than the limit, whatever the annotated size', async () => {
    for (const bytes of [whole.jpg, whole.png, tiff as Buffer]) {
      const file = path.join(makeFolder({ x: bytes }), 'x');
      const opening = sizeOfWholeImage(file, 'x', { width: 7, height: 5 }, { maxPixels: 3071 });
      await expect(opening).rejects.toThrow(/^x has 64 × 48 = 3,072 pixels, more than the limit of 3,071 /);
    }
  });

  it('refuses files that cannot be read', async () => {
    await expect(sizeOfWholeImage('/no/such/file', 'file')).rejects.toThrow(
      /^file cannot be read as an image \(ENOENT/,
    );
    await expect(sizeOfWholeImage(makeFolder(), 'folder')).rejects.toThrow(
      /^folder cannot be read as an image \(EISDIR/,
    );
  });
});
