/** Pictures to look at: an image with a drawing over it. */
import sharp from 'sharp';
import type { RgbImage } from './dataset.ts';

/** The drawing over an image, and the form of the result. */
export interface PictureOptions {
  /** An SVG of the picture's size in pixels, `width × enlarged` by `height × enlarged`. */
  readonly drawing: string;
  /** Side of the square that each pixel becomes; a whole number. */
  readonly enlarged: number;
  /** File format of the result. */
  readonly format: 'png' | 'jpeg';
}

/** Draws over an image, and returns the bytes of a PNG, or of a JPEG without chroma subsampling. */
export async function picture(
  { data, width, height }: RgbImage,
  { drawing, enlarged, format }: PictureOptions,
): Promise<Uint8Array> {
  const drawn = sharp(data, { raw: { width, height, channels: 3 } })
    .resize(width * enlarged, height * enlarged, { kernel: 'nearest' })
    .composite([{ input: Buffer.from(drawing) }])
    .removeAlpha();
  return format === 'png' ? drawn.png().toBuffer() : drawn.jpeg({ quality: 92, chromaSubsampling: '4:4:4' }).toBuffer();
}

/** Returns the bytes of a JPEG, reduced where the image's longer side has more than `most` pixels. */
export async function thumbnail({ data, width, height }: RgbImage, most: number): Promise<Uint8Array> {
  return sharp(data, { raw: { width, height, channels: 3 } })
    .resize({ width: most, height: most, fit: 'inside', withoutEnlargement: true })
    .jpeg({ quality: 92, chromaSubsampling: '4:4:4' })
    .toBuffer();
}

/**
 * Whether text in drawings is legible: without any font installed, as in small containers, all letters are the same
 * box.
 */
export async function canDrawText(): Promise<boolean> {
  const [one, other] = await Promise.all(
    ['I', 'W'].map((letter) => {
      const drawing = `<svg xmlns="http://www.w3.org/2000/svg" width="32" height="32"><text y="24">${letter}</text></svg>`;
      return sharp(Buffer.from(drawing)).raw().toBuffer();
    }),
  );
  return !(one as Buffer).equals(other as Buffer);
}
