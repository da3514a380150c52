import path from 'node:path';
import { tiffFile } from '@dn-detr/testing/tiff-file';
import { describe, expect, it } from 'vitest';
import { decodeImage } from './decode-image.ts';
import { DataError } from './error.ts';
import { headerSize } from './image-header.ts';
import { makeFolder, plainImage } from './testing/dataset-folder.ts';

const plain = () => plainImage(64, 48);
const announced = { name: 'image', width: 64, height: 48 };

describe('decodeImage', () => {
  it.each([
    ['JPEG', () => plain().jpeg({ quality: 100, chromaSubsampling: '4:4:4' }), [200, 100, 50]],
    ['PNG', () => plain().png(), [200, 100, 50]],
    ['palette PNG', () => plain().png({ palette: true }), [200, 100, 50]],
    ['greyscale JPEG', () => plain().toColourspace('b-w').jpeg(), [124, 124, 124]],
    ['16-bit PNG', () => plain().toColourspace('rgb16').png(), [200, 100, 50]],
    ['16-bit greyscale PNG', () => plain().toColourspace('grey16').png(), [124, 124, 124]],
    ['CMYK JPEG', () => plain().toColourspace('cmyk').jpeg(), [200, 96, 30]],
    ['half transparent PNG', () => plain().ensureAlpha(0.5).png(), [200, 100, 50]],
    ['WebP', () => plain().webp({ lossless: true }), [200, 100, 50]],
    ['GIF', () => plain().gif(), [200, 100, 50]],
    ['TIFF', () => plain().tiff(), [200, 100, 50]],
  ])('gives three channels of 8 bits for a %s', async (_, make, colour) => {
    const image = await decodeImage(await make().toBuffer(), announced);
    expect(image).toMatchObject({ width: 64, height: 48 });
    expect(image.data).toBeInstanceOf(Uint8Array);
    expect(image.data.length).toBe(64 * 48 * 3);
    for (let channel = 0; channel < 3; channel++) {
      const last = image.data[64 * 48 * 3 - 3 + channel] as number;
      // CMYK has its own colours, and greyscale its own weights.
      expect(Math.abs(last - (colour[channel] as number))).toBeLessThanOrEqual(20);
      expect(image.data[channel]).toBe(last);
    }
  });

  it('decodes the first of several frames', async () => {
    const frames = await Promise.all(
      ['red', 'lime'].map((background) =>
        plainImage(64, 48)
          .composite([{ input: { create: { width: 64, height: 48, channels: 3 as const, background } } }])
          .png()
          .toBuffer(),
      ),
    );
    const { default: sharp } = await import('sharp');
    const gif = await sharp(frames, { join: { animated: true } })
      .gif()
      .toBuffer();
    const { data } = await decodeImage(gif, announced);
    expect([...data.subarray(0, 3)]).toEqual([255, 0, 0]);
  });

  // The left half is white: turned by a quarter clockwise (orientation 6), it is the upper half.
  const half = () =>
    plainImage(64, 48).composite([
      { input: { create: { width: 32, height: 48, channels: 3, background: 'white' } }, left: 0, top: 0 },
    ]);
  const white = (image: { data: Uint8Array }, pixel: number) => image.data[3 * pixel + 2] === 255;

  it('follows the EXIF rotation', async () => {
    const bytes = await half().png().withMetadata({ orientation: 6 }).toBuffer();
    const image = await decodeImage(bytes, { name: 'image', width: 48, height: 64 });
    expect([image.width, image.height]).toEqual([48, 64]);
    expect([white(image, 0), white(image, 47), white(image, 63 * 48), white(image, 63 * 48 + 47)]).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });

  it('leaves the pixels as stored where they have the annotated size', async () => {
    const bytes = await half().png().withMetadata({ orientation: 6 }).toBuffer();
    const image = await decodeImage(bytes, announced);
    expect([image.width, image.height]).toEqual([64, 48]);
    expect([white(image, 0), white(image, 63), white(image, 47 * 64), white(image, 47 * 64 + 63)]).toEqual([
      true,
      false,
      true,
      false,
    ]);
  });

  it('refuses another size than announced, even a turned one', async () => {
    const bytes = await plain().jpeg().toBuffer();
    const message =
      'image is 64 × 48 pixels, but annotated as 48 × 64: annotate the image as it is, or put back the one that was annotated';
    await expect(decodeImage(bytes, { name: 'image', width: 48, height: 64 })).rejects.toThrow(message);
    await expect(decodeImage(bytes, { name: 'image', width: 64, height: 47 })).rejects.toThrow(/annotated as 64 × 47/);
  });

  it('refuses a file that is cut off anywhere, empty, or not an image', async () => {
    const whole = await half().jpeg().toBuffer();
    const png = await half().png().toBuffer();
    const broken = [0.2, 0.5, 0.9].flatMap((share) =>
      [whole, png].map((bytes) => bytes.subarray(0, share * bytes.length)),
    );
    for (const bytes of [...broken, Buffer.alloc(0), Buffer.from('this is no image')]) {
      await expect(decodeImage(bytes, announced)).rejects.toThrow(DataError);
      await expect(decodeImage(bytes, announced)).rejects.toThrow(
        /^image cannot be read as an image \(.+\): replace it/,
      );
    }
  });
});

describe('a file that is not an image of integers', () => {
  it('is refused, whatever its name', async () => {
    const folder = makeFolder({ 'x.jpg': '<svg xmlns="http://www.w3.org/2000/svg" width="64" height="48"/>' });
    const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="64" height="48"/>');
    await expect(decodeImage(svg, announced)).rejects.toThrow(/^image is an SVG drawing, which is not supported: /);
    await expect(headerSize(path.join(folder, 'x.jpg'), 'x.jpg')).rejects.toThrow(
      /^x\.jpg is an SVG drawing, which is not supported: /,
    );
    const floats = tiffFile({ width: 64, height: 48, channels: 1, data: new Float32Array(64 * 48).fill(0.5) });
    await expect(decodeImage(floats, announced)).rejects.toThrow(
      /^image holds 1 band of floating-point values \(TIFF\)/,
    );
  });
});
