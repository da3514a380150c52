/** The bytes of an image file become red, green and blue. */
import os from 'node:os';
import sharp from 'sharp';
import { decodeBmp } from './bmp.ts';
import type { RgbImage } from './dataset.ts';
import { SizeMismatchError, unreadable } from './image-error.ts';
import { choosesBands, type ImageHeader, imageHeader } from './image-header.ts';
import { decodeNetpbm } from './netpbm.ts';
import type { PixelOptions } from './pixel-options.ts';
import { sharpOptions } from './sharp-header.ts';

interface Announced {
  readonly name: string;
  readonly width: number;
  readonly height: number;
}

/**
 * Decodes to three channels of 8 bits, as Pillow's `Image.open(file).convert('RGB')` does: greyscale threefold, alpha and
 * any other fourth band dropped, CMYK without its profile, the first frame of several. Of 16 bits the high byte is taken,
 * where Pillow clips. The EXIF rotation is followed unless only the pixels as they are stored have the announced size,
 * for then the boxes refer to those.
 *
 * @throws UnsupportedImageError as `imageHeader` does
 * @throws SizeMismatchError if the image is of another size than announced
 * @throws ImageError if the bytes are no whole image
 */
export async function decodeImage(
  bytes: Buffer,
  { name, width, height }: Announced,
  options: PixelOptions = {},
): Promise<RgbImage> {
  const header = await imageHeader(bytes, name, options);
  const { upright } = header;
  const asAnnounced = upright.width === width && upright.height === height;
  const asStored = !asAnnounced && header.width === width && header.height === height;
  // What is damaged is called so first, for a cut file's size may be wrong.
  const image = await decode(bytes, header, !asStored, options).catch((error: unknown) => {
    throw unreadable(name, error);
  });
  if (image.width === width && image.height === height) return image;
  throw new SizeMismatchError(
    name,
    `is ${image.width} × ${image.height} pixels, but annotated as ${width} × ${height}`,
    'annotate the image as it is, or put back the one that was annotated',
  );
}

async function decode(
  bytes: Buffer,
  header: ImageHeader,
  upright: boolean,
  { bands }: PixelOptions,
): Promise<RgbImage> {
  const take = (bands !== undefined && choosesBands(header) ? bands : [1, 2, 3]).map((band) => band - 1);
  if (header.format === 'BMP') return decodeBmp(bytes);
  if (header.format === 'Netpbm') return decodeNetpbm(bytes, header.bands < 3 ? [0, 0, 0] : take);
  return toRgb(await samplesOf(bytes, header, upright), header, take);
}

/** Samples as a decoder gives them, the bands of a pixel side by side. */
interface Samples {
  readonly width: number;
  readonly height: number;
  /** `[height, width, channels]`, of 8 bits, or of 16 in the machine's byte order */
  readonly data: Buffer;
  readonly channels: number;
}

async function samplesOf(bytes: Buffer, { depth, colours }: ImageHeader, upright: boolean): Promise<Samples> {
  // A warning of libjpeg or libpng, such as about an odd colour profile, is no reason to stop; a truncated file is.
  const image = sharp(bytes, { ...sharpOptions, failOn: 'error' });
  if (upright) image.autoOrient();
  if (colours === 'cmyk') image.pipelineColourspace('cmyk').toColourspace('cmyk');
  // From grey, this makes three equal channels, which whatever other bands there are follow.
  else image.toColourspace(depth === 8 ? 'srgb' : 'rgb16');
  const { data, info } = await image
    .raw({ depth: depth === 8 ? 'uchar' : 'ushort' })
    .toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, data, channels: info.channels };
}

const highByte = os.endianness() === 'LE' ? 1 : 0;

function toRgb({ width, height, data, channels }: Samples, header: ImageHeader, take: readonly number[]): RgbImage {
  const pixels = width * height;
  const bytesPerSample = header.depth / 8;
  if (data.length !== pixels * channels * bytesPerSample || channels < 3) {
    throw new Error(`${data.length} bytes for ${width} × ${height} pixels of ${channels} × ${header.depth} bits`);
  }
  if (channels === 3 && bytesPerSample === 1) return { width, height, data };
  const step = channels * bytesPerSample;
  const byte = bytesPerSample === 1 ? 0 : highByte;
  const rgb = new Uint8Array(pixels * 3);
  if (header.colours === 'cmyk') {
    for (let from = byte, to = 0; to < rgb.length; from += step, to += 3) {
      const light = 255 - (data[from + 3 * bytesPerSample] as number);
      for (let ink = 0; ink < 3; ink++)
        rgb[to + ink] = light - product(data[from + ink * bytesPerSample] as number, light);
    }
    return { width, height, data: rgb };
  }
  const [red, green, blue] = channelsToTake(header, channels, take).map(
    (channel) => channel * bytesPerSample + byte,
  ) as [number, number, number];
  for (let from = 0, to = 0; to < rgb.length; from += step, to += 3) {
    rgb[to] = data[from + red] as number;
    rgb[to + 1] = data[from + green] as number;
    rgb[to + 2] = data[from + blue] as number;
  }
  return { width, height, data: rgb };
}

/** The channels that hold the bands to take: where the first band was taken for grey, it stands there three times. */
function channelsToTake({ colours, bands }: ImageHeader, channels: number, take: readonly number[]): readonly number[] {
  if (colours === 'grey') return [0, 1, 2];
  return take.map((band) => (band === 0 ? 0 : band + channels - bands));
}

/** a · b / 255, rounded, as Pillow's MULDIV255 has it */
function product(a: number, b: number): number {
  const x = a * b + 128;
  return ((x >> 8) + x) >> 8;
}
