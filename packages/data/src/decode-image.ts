/** Decodes the bytes of an image file to red, green and blue. */
import { decodeBmp } from './bmp.ts';
import type { RgbImage } from './dataset.ts';
import { decodeGif } from './gif.ts';
import { SizeMismatchError, unreadable } from './image-error.ts';
import { choosesBands, type DecodingHeader, decodingHeader } from './image-header.ts';
import { decodeNetpbm } from './netpbm.ts';
import type { PixelOptions } from './pixel-options.ts';
import { dividedByTable, rgbOf, rgbOfInks, sharpSamples } from './samples.ts';
import { decodeTiff } from './tiff/decode.ts';

interface Announced {
  readonly name: string;
  readonly width: number;
  readonly height: number;
}

/**
 * Decodes to three channels of 8 bits, as Pillow's `Image.open(file).convert('RGB')` does: greyscale repeated in all
 * three channels, alpha and any other fourth band dropped, CMYK without its profile, the first of several frames.
 * 16-bit samples keep their high byte, where Pillow clips. The EXIF rotation is followed unless only the pixels as
 * stored have the announced size, because the boxes then refer to those.
 *
 * @throws UnsupportedImageError as `imageHeader` does
 * @throws SizeMismatchError if the image has another size than announced
 * @throws ImageError if the bytes are not a complete image
 */
export async function decodeImage(
  bytes: Buffer,
  { name, width, height }: Announced,
  options: PixelOptions = {},
): Promise<RgbImage> {
  const header = await decodingHeader(bytes, name, options);
  const read = (upright: boolean): Promise<RgbImage> =>
    decode(bytes, header, upright, options).catch((error: unknown) => {
      throw unreadable(name, error);
    });
  const image = await read(true);
  if (image.width === width && image.height === height) return image;
  if (image.width === height && image.height === width) {
    const stored = await read(false);
    if (stored.width === width && stored.height === height) return stored;
  }
  throw new SizeMismatchError(
    name,
    `is ${image.width} × ${image.height} pixels, but annotated as ${width} × ${height}`,
    'annotate the image as it is, or put back the one that was annotated',
  );
}

async function decode(
  bytes: Buffer,
  header: DecodingHeader,
  upright: boolean,
  { bands }: PixelOptions,
): Promise<RgbImage> {
  const chosen = bands !== undefined && choosesBands(header) ? bands.map((band) => band - 1) : undefined;
  if (header.format === 'BMP') return decodeBmp(bytes);
  if (header.format === 'Netpbm') return decodeNetpbm(bytes, header.bands < 3 ? [0, 0, 0] : (chosen ?? [0, 1, 2]));
  if (header.format === 'TIFF') {
    return decodeTiff(bytes, { ...(chosen && { take: chosen }), orientation: upright ? header.orientation : 1 });
  }
  if (header.format === 'GIF') return decodeGif(bytes);
  const cmyk = header.colours === 'cmyk';
  const samples = await sharpSamples(bytes, header.depth, upright, cmyk);
  if (cmyk) return rgbOfInks(samples);
  return rgbOf(samples, [0, 1, 2], header.premultiplied ? samples.channels - 1 : undefined, dividedByTable);
}
