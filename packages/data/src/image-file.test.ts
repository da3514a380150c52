import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { DataError } from './error.ts';
import { decodeImage, FileImage, headerSize } from './image-file.ts';
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
    ['half transparent PNG', () => plain().ensureAlpha(0.5).png(), [100, 50, 25]],
    ['WebP', () => plain().webp({ lossless: true }), [200, 100, 50]],
    ['GIF', () => plain().gif(), [200, 100, 50]],
    ['TIFF', () => plain().tiff(), [200, 100, 50]],
  ])('gives three channels of 8 bits of a %s', async (_, make, colour) => {
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

  it('takes the first frame of several', async () => {
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

  // The left half is white: turned by a quarter clockwise (orientation 6) it is the upper half.
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

  it('leaves the pixels as stored where the annotated size is theirs', async () => {
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

  it('refuses another size than announced, also a turned one', async () => {
    const bytes = await plain().jpeg().toBuffer();
    const message =
      'image is 64 × 48 pixels, but annotated as 48 × 64: annotate the image as it is, or put back the one that was annotated';
    await expect(decodeImage(bytes, { name: 'image', width: 48, height: 64 })).rejects.toThrow(message);
    await expect(decodeImage(bytes, { name: 'image', width: 64, height: 47 })).rejects.toThrow(/annotated as 64 × 47/);
  });

  it('refuses a file that is cut off anywhere, empty, or no image', async () => {
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

describe('what is no image of whole numbers', () => {
  it('is refused, whatever its name', async () => {
    const folder = makeFolder({ 'x.jpg': '<svg xmlns="http://www.w3.org/2000/svg" width="64" height="48"/>' });
    const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="64" height="48"/>');
    await expect(decodeImage(svg, announced)).rejects.toThrow(/^image is an SVG drawing: /);
    await expect(headerSize(path.join(folder, 'x.jpg'), 'x.jpg')).rejects.toThrow(/^x\.jpg is an SVG drawing: /);
    await expect(decodeImage(floatTiff(), announced)).rejects.toThrow(/^image holds floating-point values/);
  });
});

/** 64 × 48 values of 32 bits, all 0.5. */
function floatTiff(): Buffer {
  const [short, long] = [3, 4];
  const [pixels, tags] = [64 * 48, 10];
  const data = 8 + 2 + 12 * tags + 4;
  const entries = [
    [256, long, 64],
    [257, long, 48],
    [258, short, 32],
    [259, short, 1],
    [262, short, 1],
    [273, long, data],
    [277, short, 1],
    [278, long, 48],
    [279, long, 4 * pixels],
    [339, short, 3],
  ] as const;
  const bytes = Buffer.alloc(data + 4 * pixels);
  bytes.write('II*\0', 'latin1');
  bytes.writeUInt32LE(8, 4);
  bytes.writeUInt16LE(tags, 8);
  for (const [n, [tag, type, value]] of entries.entries()) {
    const at = 10 + 12 * n;
    bytes.writeUInt16LE(tag, at);
    bytes.writeUInt16LE(type, at + 2);
    bytes.writeUInt32LE(1, at + 4);
    bytes.writeUInt32LE(value, at + 8);
  }
  for (let n = 0; n < pixels; n++) bytes.writeFloatLE(0.5, data + 4 * n);
  return bytes;
}

describe('FileImage', () => {
  it('reads its file, and names it where that fails', async () => {
    const folder = makeFolder({ 'a b/ü.png': await plain().png().toBuffer() });
    const objects = {
      labels: new Int32Array(),
      boxes: new Float64Array(),
      areas: new Float64Array(),
      crowd: new Uint8Array(),
    };
    const make = (file: string) =>
      new FileImage({ id: 1, name: file, path: path.join(folder, file), width: 64, height: 48, objects });
    expect((await make('a b/ü.png').read()).data.length).toBe(64 * 48 * 3);
    await expect(make('gone.png').read()).rejects.toThrow(/^gone.png cannot be read as an image \(ENOENT/);
  });
});

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
