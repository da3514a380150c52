/** The first frame of a GIF, with the palette's colours also where it is transparent. */
import type { RgbImage } from './dataset.ts';
import { rgbOf, sharpSamples } from './samples.ts';

interface FirstFrame {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  /** red, green, blue of what the frame leaves uncovered */
  readonly around: readonly number[];
  /** where the flags of the frame's graphic control extension lie, if it has one */
  readonly flagsAt: number | undefined;
}

/**
 * As Pillow reads it: transparency is the colour that the palette has for it, and what the frame leaves uncovered has the
 * transparent colour too, or the palette's first.
 *
 * @throws Error if the file is damaged
 */
export async function decodeGif(file: Buffer): Promise<RgbImage> {
  const frame = firstFrame(file);
  const opaque = Buffer.from(file);
  // libvips makes transparent pixels black, unless none is said to be transparent.
  if (frame.flagsAt !== undefined) opaque[frame.flagsAt] = (opaque[frame.flagsAt] as number) & ~1;
  const { width, height, data } = rgbOf(await sharpSamples(opaque, 8, false), [0, 1, 2]);
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

/** @throws RangeError if the file ends before the frame begins */
function firstFrame(file: Buffer): FirstFrame {
  /** How many bytes a palette has, by the flags that say whether there is one. */
  const paletteLength = (flags: number): number => ((flags & 128) === 0 ? 0 : 3 << ((flags & 7) + 1));
  let paletteAt = 13;
  let length = paletteLength(file.readUInt8(10));
  let at = paletteAt + length;
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
  if (paletteLength(flags) > 0) [paletteAt, length] = [at + 10, paletteLength(flags)];
  const colour = paletteAt + 3 * transparent;
  return {
    left: file.readUInt16LE(at + 1),
    top: file.readUInt16LE(at + 3),
    width: file.readUInt16LE(at + 5),
    height: file.readUInt16LE(at + 7),
    around: 3 * transparent < length ? [...file.subarray(colour, colour + 3)] : [0, 0, 0],
    flagsAt,
  };
}
