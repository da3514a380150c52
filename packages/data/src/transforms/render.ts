/** A view's pixels. */
import sharp, { type OutputInfo, type Sharp } from 'sharp';
import type { RgbImage } from '../dataset.ts';
import type { Rectangle, Size, View } from './view.ts';

/**
 * Cuts, resamples and mirrors: bilinear, antialiased where the image shrinks, as DETR's transforms with Pillow. Works on
 * sharp's threads, unless the view is the image itself or its mirror image.
 *
 * @param image may be smaller than the one that the view is of; the piece is cut at its nearest whole pixels
 * @param size of the image that the view is of
 * @returns `[view.height, view.width, 3]`; the image's own array if the view shows it as it is
 */
export async function renderView(image: RgbImage, view: View, size: Size = image): Promise<Uint8Array> {
  const { width, height, flip } = view;
  const source = wholePixels(view.source, image.width / size.width, image.height / size.height);
  const part = source.width === image.width && source.height === image.height ? image : cut(image, source, 0);
  const sameSize = width === source.width && height === source.height;
  const pixels = sameSize ? part.data : await resized(part, width, height);
  return flip ? mirrored(pixels, width) : pixels;
}

function wholePixels({ x, y, width, height }: Rectangle, across: number, down: number): Rectangle {
  const left = Math.round(across * x);
  const top = Math.round(down * y);
  return {
    x: left,
    y: top,
    width: Math.max(Math.round(across * (x + width)) - left, 1),
    height: Math.max(Math.round(down * (y + height)) - top, 1),
  };
}

/** The rectangle with a margin that repeats its outermost pixels. */
function cut({ data, width }: RgbImage, rectangle: Rectangle, margin: number): RgbImage {
  const columns = rectangle.width + 2 * margin;
  const rows = rectangle.height + 2 * margin;
  const out = new Uint8Array(3 * columns * rows);
  for (let row = 0; row < rows; row++) {
    const y = rectangle.y + Math.min(Math.max(row - margin, 0), rectangle.height - 1);
    const from = 3 * (y * width + rectangle.x);
    const to = 3 * row * columns;
    out.set(data.subarray(from, from + 3 * rectangle.width), to + 3 * margin);
    for (let i = 0; i < margin; i++) {
      out.copyWithin(to + 3 * i, to + 3 * margin, to + 3 * margin + 3);
      const last = to + 3 * (margin + rectangle.width - 1);
      out.copyWithin(last + 3 * (i + 1), last, last + 3);
    }
  }
  return { data: out, width: columns, height: rows };
}

async function resized(image: RgbImage, width: number, height: number): Promise<Uint8Array> {
  if (width > image.width || height > image.height) return enlarged(image, width, height);
  return (await raw(sharpOf(image).resize(width, height, { fit: 'fill', kernel: 'linear' }))).data;
}

const margin = 2;

/**
 * sharp's `resize` moves an image that it enlarges by half a pixel to the right and down (libvips issue 4841), and boxes
 * would be off by as much. `affine` can be told where pixels lie; the margin keeps its black surroundings out.
 */
async function enlarged(image: RgbImage, width: number, height: number): Promise<Uint8Array> {
  const whole = { x: 0, y: 0, width: image.width, height: image.height };
  const [x, y] = [width / image.width, height / image.height];
  // The margin becomes a whole number of pixels.
  const [left, top] = [Math.ceil(margin * x), Math.ceil(margin * y)];
  const options = {
    interpolator: sharp.interpolators.bilinear,
    idx: 0.5,
    idy: 0.5,
    odx: left - margin * x - 0.5,
    ody: top - margin * y - 0.5,
  };
  const { data, info } = await raw(
    sharpOf(cut(image, whole, margin)).affine(
      [
        [x, 0],
        [0, y],
      ],
      options,
    ),
  );
  return cut({ data, width: info.width, height: info.height }, { x: left, y: top, width, height }, 0).data;
}

const sharpOf = ({ data, width, height }: RgbImage): Sharp => sharp(data, { raw: { width, height, channels: 3 } });
const raw = (image: Sharp): Promise<{ data: Buffer; info: OutputInfo }> =>
  image.raw().toBuffer({ resolveWithObject: true });

function mirrored(pixels: Uint8Array, width: number): Uint8Array {
  const out = new Uint8Array(pixels.length);
  const stride = 3 * width;
  for (let row = 0; row < pixels.length; row += stride) {
    for (let from = row, to = row + stride - 3; from < row + stride; from += 3, to -= 3) {
      out[to] = pixels[from] as number;
      out[to + 1] = pixels[from + 1] as number;
      out[to + 2] = pixels[from + 2] as number;
    }
  }
  return out;
}
