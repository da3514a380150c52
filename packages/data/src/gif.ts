/** Decodes the first frame of a GIF, with the palette's colours even where it is transparent. */
import type { RgbImage } from './dataset.ts';
import { rgbOf, sharpSamples } from './samples.ts';

interface FirstFrame {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  /** Red, green and blue of the area that the frame leaves uncovered. */
  readonly around: readonly number[];
  /** Offset of the flags in the frame's graphic control extension, if it has one. */
  readonly flagsAt: number | undefined;
  /** Offset of the frame's descriptor. */
  readonly at: number;
  /** Bytes of the file's own palette, and of the frame's. */
  readonly lengths: readonly [global: number, local: number];
  /** Whether the indices are levels of grey: there is no palette, or each of its colours equals its index. */
  readonly grey: boolean;
}

/**
 * Decodes a GIF as Pillow does: transparent pixels have the palette's colour, and the area that the frame leaves
 * uncovered has the transparent colour too, or the palette's first. Without a palette, an index is a level of grey.
 *
 * @throws Error if the file is damaged
 */
export async function decodeGif(file: Buffer): Promise<RgbImage> {
  const frame = firstFrame(file);
  const opaque = Buffer.from(file);
  // libvips makes transparent pixels black, unless no colour is marked as transparent.
  if (frame.flagsAt !== undefined) opaque[frame.flagsAt] = (opaque[frame.flagsAt] as number) & ~1;
  const coloured = frame.grey ? withGreyPalette(opaque, frame) : opaque;
  const { width, height, data } = rgbOf(await sharpSamples(coloured, 8, false), [0, 1, 2]);
  const { left, top, around } = frame;
  const [right, bottom] = [left + frame.width, top + frame.height];
  if (left === 0 && top === 0 && right >= width && bottom >= height) return { width, height, data };
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (x >= left && x < right && y >= top && y < bottom) continue;
      for (let channel = 0; channel < 3; channel++) data[3 * (y * width + x) + channel] = around[channel] as number;
    }
  }
  return { width, height, data };
}

const descriptorLength = 10;
const headerLength = 13;
const greyLevels = Buffer.from(Array.from({ length: 3 * 256 }, (_, n) => Math.floor(n / 3)));

/**
 * Returns the file with all levels of grey as its only palette; libvips assumes black and white where there is none.
 */
function withGreyPalette(file: Buffer, { at, lengths: [global, local] }: FirstFrame): Buffer {
  const header = Buffer.from(file.subarray(0, headerLength));
  header.writeUInt8(header.readUInt8(10) | 0x87, 10);
  const before = file.subarray(headerLength + global, at);
  const descriptor = Buffer.from(file.subarray(at, at + descriptorLength));
  descriptor.writeUInt8(descriptor.readUInt8(9) & 0x7f, 9);
  return Buffer.concat([header, greyLevels, before, descriptor, file.subarray(at + descriptorLength + local)]);
}

/** @throws RangeError if the file ends before the frame begins */
function firstFrame(file: Buffer): FirstFrame {
  /** Bytes of a palette, from the flags that say whether there is one. */
  const paletteLength = (flags: number): number => ((flags & 128) === 0 ? 0 : 3 << ((flags & 7) + 1));
  const global = paletteLength(file.readUInt8(10));
  let at = headerLength + global;
  let transparent = 0;
  let flagsAt: number | undefined;
  for (; file.readUInt8(at) !== 0x2c; ) {
    if (file.readUInt8(at) !== 0x21) {
      at++;
      continue;
    }
    if (file.readUInt8(at + 1) === 0xf9 && file.readUInt8(at + 2) >= 4) {
      flagsAt = at + 3;
      transparent = (file.readUInt8(flagsAt) & 1) === 1 ? file.readUInt8(flagsAt + 3) : 0;
    }
    for (at += 2; file.readUInt8(at) !== 0; ) at += 1 + file.readUInt8(at);
    at++;
  }
  const flags = file.readUInt8(at + 9);
  const local = paletteLength(flags);
  const palette =
    local > 0
      ? file.subarray(at + descriptorLength, at + descriptorLength + local)
      : file.subarray(headerLength, headerLength + global);
  const grey = palette.every((value, n) => value === greyLevels[n]);
  const colours = grey ? greyLevels : palette;
  const colour = 3 * transparent;
  return {
    left: file.readUInt16LE(at + 1),
    top: file.readUInt16LE(at + 3),
    width: file.readUInt16LE(at + 5),
    height: file.readUInt16LE(at + 7),
    around: colour < colours.length ? [...colours.subarray(colour, colour + 3)] : [0, 0, 0],
    flagsAt,
    at,
    lengths: [global, local],
    grey,
  };
}
