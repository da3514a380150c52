/**
 * Windows bitmaps, for which sharp has no loader. The npm packages bmp-ts, fast-bmp and nsbmp were compared with Pillow
 * on the files of the BMP Suite: none reads everything that Pillow reads, and those that read palettes or 16-bit pixels
 * give different colours.
 */
import type { RgbImage } from './dataset.ts';

export interface BmpHeader {
  readonly width: number;
  readonly height: number;
  /** Rows are stored from the top, not from the bottom. */
  readonly topDown: boolean;
  /** Bits per pixel. */
  readonly bits: number;
  readonly compression: number;
  /** Bits of a pixel that are red, green, blue and alpha; undefined where a palette has the colours. */
  readonly masks: readonly [number, number, number, number] | undefined;
  /** Offset of the palette, bytes per entry, and number of entries. */
  readonly palette: { readonly at: number; readonly step: number; readonly length: number };
  /** Offset of the pixels. */
  readonly pixelsAt: number;
}

/** Bytes of the longest header with its masks, without the palette. */
export const bmpHeaderLength = 14 + 124 + 16;

const compressions = { none: 0, rle8: 1, rle4: 2, masks: 3, masksWithAlpha: 6 } as const;

/** The file may be intact, but its kind of bitmap is not supported. */
export class BmpKindError extends Error {}

/**
 * @param file at least the first `bmpHeaderLength` bytes, or the complete file if it is shorter
 * @throws BmpKindError if the bitmap is of an unsupported kind
 * @throws RangeError or Error if the header is cut off or invalid
 */
export function bmpHeader(file: Buffer): BmpHeader {
  const length = file.readUInt32LE(14);
  if (length !== 12 && (length < 40 || length > 124)) throw new BmpKindError(`a header of ${length} bytes`);
  const old = length === 12;
  const width = old ? file.readUInt16LE(18) : file.readInt32LE(18);
  const signedHeight = old ? file.readUInt16LE(20) : file.readInt32LE(22);
  const bits = file.readUInt16LE(old ? 24 : 28);
  const compression = old ? 0 : file.readUInt32LE(30);
  const height = Math.abs(signedHeight);
  if (width < 1 || height < 1) throw new Error(`the header says ${width} × ${height} pixels`);
  if (![1, 2, 4, 8, 16, 24, 32].includes(bits)) throw new BmpKindError(`${bits} bits a pixel`);

  const masked = compression === compressions.masks || compression === compressions.masksWithAlpha;
  const packed = compression === compressions.rle8 || compression === compressions.rle4;
  const runBits = compression === compressions.rle8 ? 8 : 4;
  const known = compression === compressions.none || (masked && bits >= 16) || (packed && bits === runBits);
  // The 64-byte header is OS/2's, which uses the same numbers for other compressions.
  if (!known || (length === 64 && masked)) throw new BmpKindError(`${bits} bits a pixel in compression ${compression}`);

  const colours = (old ? 0 : file.readUInt32LE(46)) || 2 ** bits;
  // Masks follow a short header, and are part of longer ones.
  const separateMasks = masked && length === 40 ? (compression === compressions.masks ? 12 : 16) : 0;
  const palette = { at: 14 + length + separateMasks, step: old ? 3 : 4, length: bits > 8 ? 0 : Math.min(colours, 256) };
  const said = file.readUInt32LE(10);
  // Some programs forget to count the palette in the offset of the pixels; Pillow allows for that.
  const forgotten = bits <= 8 && said === 14 + length ? palette.step * colours : 0;
  const pixelsAt = said === 0 ? palette.at + palette.step * palette.length : said + forgotten;
  const masks = bits > 8 ? (masked ? masksOf(file, length, compression) : plainMasks(bits)) : undefined;
  return { width, height, topDown: signedHeight < 0, bits, compression, masks, palette, pixelsAt };
}

function masksOf(file: Buffer, length: number, compression: number): [number, number, number, number] {
  const hasAlpha = length >= 56 || (length === 40 && compression === compressions.masksWithAlpha);
  const mask = (n: number): number => file.readUInt32LE(54 + 4 * n);
  const masks: [number, number, number, number] = [mask(0), mask(1), mask(2), hasAlpha ? mask(3) : 0];
  return masks.every((mask) => mask === 0) ? plainMasks(32) : masks;
}

const plainMasks = (bits: number): [number, number, number, number] =>
  bits === 16 ? [0x7c00, 0x3e0, 0x1f, 0] : [0xff0000, 0xff00, 0xff, 0];

/** Bytes of a row, padded to a multiple of four. */
const strideOf = ({ width, bits }: BmpHeader): number => Math.floor((width * bits + 31) / 32) * 4;

/** Minimum number of bytes of the file, or 0 if only decoding tells. */
export function bmpLength(header: BmpHeader): number {
  const packed = header.compression === compressions.rle8 || header.compression === compressions.rle4;
  if (packed) return 0;
  // The bytes that pad the last row may be missing.
  return header.pixelsAt + strideOf(header) * (header.height - 1) + Math.ceil((header.width * header.bits) / 8);
}

/** @throws Error if the file is cut off */
export function decodeBmp(file: Buffer): RgbImage {
  const header = bmpHeader(file);
  const { width, height, topDown, bits, compression, masks } = header;
  if (bmpLength(header) > file.length) throw new Error('the file ends before its pixels do');
  const data = new Uint8Array(width * height * 3);
  const rowAt = (y: number): number => (topDown ? y : height - 1 - y) * width * 3;
  if (masks === undefined) {
    const colours = paletteOf(file, header);
    const packed = compression !== compressions.none;
    const indices = packed ? unpackRuns(file, header) : undefined;
    const stride = strideOf(header);
    for (let y = 0; y < height; y++) {
      let to = rowAt(y);
      for (let x = 0; x < width; x++) {
        const index = indices?.[y * width + x] ?? indexAt(file, header.pixelsAt + y * stride, x, bits);
        for (let channel = 0; channel < 3; channel++) data[to++] = colours[3 * index + channel] as number;
      }
    }
    return { width, height, data };
  }
  const bytes = bits / 8;
  const channels = masks.slice(0, 3).map(scaling);
  for (let y = 0; y < height; y++) {
    let from = header.pixelsAt + y * strideOf(header);
    let to = rowAt(y);
    for (let x = 0; x < width; x++, from += bytes) {
      const pixel = file.readUIntLE(from, bytes);
      for (const { shift, most } of channels) {
        const value = (pixel >>> shift) & most;
        data[to++] = most === 255 ? value : most === 0 ? 0 : Math.floor((value * 255) / most);
      }
    }
  }
  return { width, height, data };
}

function scaling(mask: number): { shift: number; most: number } {
  const shift = mask === 0 ? 0 : 31 - Math.clz32(mask & -mask);
  return { shift, most: mask >>> shift };
}

/** Palette colours `[256, 3]`; an entry that is not in the file is black, as in Pillow. */
function paletteOf(file: Buffer, { palette: { at, step, length } }: BmpHeader): Uint8Array {
  const colours = new Uint8Array(256 * 3);
  for (let n = 0; n < length; n++) {
    for (let channel = 0; channel < 3; channel++)
      colours[3 * n + channel] = file.readUInt8(at + step * n + 2 - channel);
  }
  return colours;
}

function indexAt(file: Buffer, row: number, x: number, bits: number): number {
  const place = x * bits;
  const byte = file[row + (place >> 3)] as number;
  return (byte >> (8 - bits - (place & 7))) & (2 ** bits - 1);
}

/** Palette indices from run-length coding, row by row as stored; skipped pixels are 0. */
function unpackRuns(file: Buffer, { width, height, bits, pixelsAt }: BmpHeader): Uint8Array {
  const indices = new Uint8Array(width * height);
  const half = bits === 4;
  let [at, x, y] = [pixelsAt, 0, 0];
  const put = (index: number): void => {
    if (x < width && y < height) indices[y * width + x] = index;
    x++;
  };
  while (y < height) {
    const [count, value] = [file.readUInt8(at), file.readUInt8(at + 1)];
    at += 2;
    if (count > 0) {
      for (let n = 0; n < count; n++) put(half ? (n % 2 === 0 ? value >> 4 : value & 15) : value);
    } else if (value === 0) {
      x = 0;
      y++;
    } else if (value === 1) break;
    else if (value === 2) {
      x += file.readUInt8(at);
      y += file.readUInt8(at + 1);
      at += 2;
    } else {
      for (let n = 0; n < value; n++) {
        const byte = file.readUInt8(at + (half ? n >> 1 : n));
        put(half ? (n % 2 === 0 ? byte >> 4 : byte & 15) : byte);
      }
      const bytes = half ? (value + 1) >> 1 : value;
      at += bytes + (bytes % 2);
    }
  }
  return indices;
}
