/** Reads an image file's header, and checks whether its pixels can be read. */
import { isPremultiplied } from './avif.ts';
import { type BmpHeader, BmpKindError, bmpHeader, bmpHeaderLength, bmpLength } from './bmp.ts';
import { type ByteSource, withBytes } from './byte-source.ts';
import type { ImageHeader } from './image-description.ts';
import { ImageError, UnsupportedImageError, unreadable } from './image-error.ts';
import { magicLength, recognise, refusedFormatOf } from './image-formats.ts';
import { readableJpegFrame } from './jpeg.ts';
import { netpbmHeader, netpbmHeaderLength, netpbmLength } from './netpbm.ts';
import { defaultMaxPixels, type PixelOptions } from './pixel-options.ts';
import { sharpHeader } from './sharp-header.ts';
import { TiffDirectory } from './tiff/directory.ts';
import { TiffKindError, tiffForm } from './tiff/form.ts';
import { requireWhole } from './tiff/whole.ts';

/**
 * Reads the header, and refuses everything that `decodeImage` would refuse for its format, bands, depth or size.
 *
 * @param source a path, or the file's bytes
 * @throws UnsupportedImageError if the file is of an unsupported kind, or has more pixels than `maxPixels`
 * @throws ImageError if it is not an image, or cannot be read
 */
export async function imageHeader(
  source: string | Buffer,
  name: string,
  options: PixelOptions = {},
): Promise<ImageHeader> {
  const header = await withBytes(source, async (bytes) => {
    const recognised = recognise(await bytes.read(0, magicLength));
    if (recognised === undefined) throw unrecognised(name);
    if ('refused' in recognised) {
      throw new UnsupportedImageError(name, `is ${recognised.refused}, which is not supported`, recognised.advice);
    }
    const { format } = recognised;
    if (format === 'BMP') return readBmpHeader(bytes, name);
    if (format === 'Netpbm') return readNetpbmHeader(bytes);
    if (format === 'TIFF') return tiffHeader(source, name, bytes);
    if (format === 'JPEG') await readableJpegFrame(bytes, name);
    const header = await sharpHeader(source, name, format);
    return format === 'AVIF' ? { ...header, premultiplied: await isPremultiplied(bytes) } : header;
  }).catch((error: unknown) => {
    throw error instanceof ImageError ? error : unreadable(name, error);
  });
  requirePixels(header, name, options);
  requireBands(header, name, options);
  return header;
}

/**
 * The error for a file with an unknown beginning. Some formats have no distinctive one, so the file's name has to do.
 */
function unrecognised(name: string): ImageError {
  const format = refusedFormatOf(name);
  if (format === undefined) return unreadable(name, new Error('it does not begin like any known image format'));
  return new UnsupportedImageError(name, `seems to be ${format}, which is not supported`, 'convert it to PNG');
}

/** The part of a header that decoding needs. */
export type DecodingHeader = Pick<
  ImageHeader,
  'format' | 'bands' | 'depth' | 'colours' | 'orientation' | 'premultiplied'
>;

/**
 * Like `imageHeader`, but for JPEG and PNG only what can be read without sharp, which takes as long over a header as
 * over a small image's pixels. Sharp follows their orientation, so it is 1 here.
 *
 * @throws ImageError as `imageHeader` does
 */
export async function decodingHeader(file: Buffer, name: string, options?: PixelOptions): Promise<DecodingHeader> {
  const recognised = recognise(file);
  const format = recognised && 'format' in recognised ? recognised.format : undefined;
  if (format === 'JPEG') {
    const frame = await withBytes(file, (bytes) => readableJpegFrame(bytes, name));
    if (frame !== undefined) {
      requirePixels(frame, name, options);
      const colours = frame.bands === 4 ? 'cmyk' : frame.bands === 1 ? 'grey' : 'rgb';
      return { format, bands: frame.bands, depth: 8, colours, orientation: 1 };
    }
  }
  const size = format === 'PNG' && file.length > 25 ? pngSize(file) : undefined;
  if (format === 'PNG' && size !== undefined) {
    requirePixels(size, name, options);
    const bands = [1, 1, 3, 3, 2, 2, 4][file.readUInt8(25)] ?? 3;
    const colours = bands < 3 ? 'grey' : 'rgb';
    return { format, bands, depth: file.readUInt8(24) === 16 ? 16 : 8, colours, orientation: 1 };
  }
  return imageHeader(file, name, options);
}

/**
 * Reads the size from a PNG header; undefined if there is none.
 *
 * @param head at least the file's first 24 bytes
 */
export function pngSize(head: Buffer): { readonly width: number; readonly height: number } | undefined {
  if (head.length < 24 || head.toString('latin1', 12, 16) !== 'IHDR') return undefined;
  return { width: head.readUInt32BE(16), height: head.readUInt32BE(20) };
}

async function readBmpHeader(bytes: ByteSource, name: string): Promise<ImageHeader> {
  let header: BmpHeader;
  try {
    header = bmpHeader(await bytes.read(0, bmpHeaderLength));
  } catch (error) {
    if (!(error instanceof BmpKindError)) throw error;
    throw new UnsupportedImageError(name, `is a BMP of ${error.message}, which is not supported`, 'convert it to PNG');
  }
  const { width, height, masks } = header;
  requireLength(bytes, bmpLength(header));
  return upright({
    format: 'BMP',
    width,
    height,
    bands: masks?.[3] ? 4 : 3,
    depth: 8,
    colours: 'rgb',
    alpha: !!masks?.[3],
  });
}

async function tiffHeader(source: string | Buffer, name: string, bytes: ByteSource): Promise<ImageHeader> {
  try {
    const directory = await TiffDirectory.read(bytes);
    const { bands, depth, colours, alpha } = await tiffForm(directory);
    await requireWhole(directory, bytes.size, 'plain');
    return { ...(await sharpHeader(source, name, 'TIFF')), bands, depth, colours, alpha };
  } catch (error) {
    if (!(error instanceof TiffKindError)) throw error;
    throw new UnsupportedImageError(name, error.message, error.advice);
  }
}

async function readNetpbmHeader(bytes: ByteSource): Promise<ImageHeader> {
  const header = netpbmHeader(await bytes.read(0, netpbmHeaderLength));
  const { width, height, bands, most } = header;
  requireLength(bytes, netpbmLength(header));
  const colours = bands < 3 ? 'grey' : bands < 5 ? 'rgb' : 'bands';
  return upright({
    format: 'Netpbm',
    width,
    height,
    bands,
    depth: most > 255 ? 16 : 8,
    colours,
    alpha: bands % 2 === 0 && bands < 5,
  });
}

function requireLength({ size }: ByteSource, length: number): void {
  if (size < length) throw new Error(`it has ${size} bytes, but its pixels need ${length}`);
}

/** Completes the header of a format that has neither rotation nor frames. */
function upright(header: Omit<ImageHeader, 'orientation' | 'upright' | 'frames'>): ImageHeader {
  const { width, height } = header;
  return { ...header, orientation: 1, upright: { width, height }, frames: 1 };
}

/** @throws UnsupportedImageError if the image has more pixels than the limit */
export function requirePixels(
  { width, height }: { readonly width: number; readonly height: number },
  name: string,
  { maxPixels: limit = defaultMaxPixels }: PixelOptions = {},
): void {
  if (width * height <= limit) return;
  const [pixels, most] = [width * height, limit].map((n) => n.toLocaleString('en-US'));
  const fault = `has ${width} × ${height} = ${pixels} pixels, more than the limit of ${most} (data.maxPixels)`;
  throw new UnsupportedImageError(name, fault, 'raise the limit, make the image smaller, or cut it into parts');
}

/**
 * Whether the user's choice of bands applies to the file: an alpha channel or the black ink is not a band to choose.
 */
export const choosesBands = ({ format, bands, colours }: DecodingHeader): boolean =>
  (format === 'TIFF' || format === 'Netpbm') && bands >= 4 && colours !== 'cmyk';

function requireBands(header: ImageHeader, name: string, { bands: chosen }: PixelOptions): void {
  const { format, bands, depth } = header;
  const what = `holds ${counted(bands, 'band')} of ${depth} bits (${format})`;
  if (chosen !== undefined && choosesBands(header)) {
    const beyond = chosen.find((band) => band > bands);
    if (beyond === undefined) return;
    const fault = `${what}, but not band ${beyond}, which data.bands = [${chosen.join(', ')}] asks for`;
    throw new UnsupportedImageError(name, fault, `choose among the bands 1 to ${bands}`);
  }
  if (bands < 5 || header.colours === 'cmyk') return;
  const fault = `${what}, and nothing says which three are red, green and blue (data.bands)`;
  throw new UnsupportedImageError(
    name,
    fault,
    'set data.bands, such as [3, 2, 1], or convert the image to three bands',
  );
}

const counted = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? '' : 's'}`;

/**
 * Width and height of the upright image in pixels, from the file's header.
 *
 * @throws ImageError as `imageHeader` does
 */
export async function headerSize(
  file: string,
  name: string,
  options?: PixelOptions,
): Promise<{ width: number; height: number }> {
  return (await imageHeader(file, name, options)).upright;
}
