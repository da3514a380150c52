/** Renders the pixels of a view. */
import sharp, { type OutputInfo, type Sharp } from 'sharp';
import type { RgbImage } from '../dataset.ts';
import type { Rectangle, Size, View } from './view.ts';

/**
 * Cuts, resamples and mirrors: bilinear, antialiased where the image shrinks, like DETR's transforms with Pillow.
 * Resampling runs on sharp's threads; if the image is only cut or mirrored, that takes less time here than calling
 * sharp.
 *
 * @param image may be smaller than the image of the view; the piece is cut at the nearest integer pixels
 * @param size size of the image that the view refers to
 * @returns `[view.height, view.width, 3]`; the image's own array if the view shows it unchanged
 */
export async function renderView(image: RgbImage, view: View, size: Size = image): Promise<Uint8Array> {
  const { width, height, flip } = view;
  const source = wholePixels(view.source, image, size);
  if (width === source.width && height === source.height) {
    const part = isWhole(source, image) ? image : cut(image, source, 0);
    return flip ? mirrored(part) : part.data;
  }
  // A view that shrinks one way and grows the other is shrunk first: enlarging does not antialias.
  const [across, down] = [Math.min(width, source.width), Math.min(height, source.height)];
  if (across === source.width && down === source.height) return enlarged(image, source, view);
  const { x: left, y: top } = source;
  const seen = sharpOf(image).extract({ left, top, width: source.width, height: source.height });
  const { data } = await raw(seen.flop(flip).resize(across, down, { fit: 'fill', kernel: 'linear' }));
  if (across === width && down === height) return data;
  const shrunk = { data, width: across, height: down };
  return enlarged(shrunk, { x: 0, y: 0, width: across, height: down }, { width, height, flip: false });
}

const isWhole = (source: Size, image: Size): boolean => source.width === image.width && source.height === image.height;

/** Rounds a rectangle to at least one integer pixel inside the image. */
function wholePixels({ x, y, width, height }: Rectangle, image: Size, size: Size): Rectangle {
  const [across, down] = [image.width / size.width, image.height / size.height];
  const left = Math.min(Math.round(across * x), image.width - 1);
  const top = Math.min(Math.round(down * y), image.height - 1);
  return {
    x: left,
    y: top,
    width: Math.max(Math.round(across * (x + width)) - left, 1),
    height: Math.max(Math.round(down * (y + height)) - top, 1),
  };
}

/** Cuts the rectangle out, with a margin that repeats its outermost pixels. */
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

const margin = 2;

/**
 * Enlarges a piece of the image. sharp's `resize` shifts an image that it enlarges by half a pixel to the right and
 * down (libvips issue 4841), and boxes would be off by as much. `affine` has options for where pixels lie; the margin
 * keeps its black surroundings out.
 */
async function enlarged(
  image: RgbImage,
  source: Rectangle,
  { width, height, flip }: Omit<View, 'source'>,
): Promise<Uint8Array> {
  const [x, y] = [width / source.width, height / source.height];
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
    sharpOf(cut(image, source, margin))
      .flop(flip)
      .affine(
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

function mirrored({ data, width }: RgbImage): Uint8Array {
  const out = new Uint8Array(data.length);
  const stride = 3 * width;
  for (let row = 0; row < data.length; row += stride) {
    for (let from = row, to = row + stride - 3; from < row + stride; from += 3, to -= 3) {
      out[to] = data[from] as number;
      out[to + 1] = data[from + 1] as number;
      out[to + 2] = data[from + 2] as number;
    }
  }
  return out;
}
