/** Sizes of images, and of the canvas that they are put on. */
import { DataError } from '../error.ts';
import { requireCount, requireKnown, shown } from '../option-checks.ts';
import type { Size } from './view.ts';

/** The sizes of images, and the canvas that they are put on. */
export interface Framing {
  /**
   * Canvas for the images of a batch, which are put at its top left; the rest is padding. It has one size, or is as
   * large as a batch needs, rounded up to a multiple, or is the smallest one on which images fit with their longer side
   * resized to a number of pixels.
   *
   * @defaultValue `{ multipleOf: 32 }`
   */
  readonly canvas?: Size | { readonly multipleOf: number } | LongSideCanvas;
  /**
   * Shorter side that images are resized to, in pixels; from several, one is drawn for each image. Without it, images
   * fill a canvas of one size as far as their aspect ratio allows, and otherwise keep their size.
   */
  readonly scale?: number | readonly number[];
  /** Upper limit of the longer side in pixels; no limit without it. */
  readonly maxSize?: number;
}

/** A canvas of one size for images of any size: 320 × 240 for 4:3 photographs whose longer side becomes 320. */
export interface LongSideCanvas {
  /** Length that the longer side is resized to, in pixels. */
  readonly longSide: number;
  /**
   * The images that have to fit. With images of all splits, training and evaluation share a canvas.
   *
   * @defaultValue the loaded images
   */
  readonly images?: readonly Size[];
}

/** Framing with all defaults filled in. */
export interface FramingSettings {
  readonly canvas: Size | { readonly multipleOf: number };
  /**
   * Length of the longer side, in pixels, of complete images that are not scaled, where the canvas is made for that.
   */
  readonly longSide: number | undefined;
  /** Shorter sides to draw from; empty where images are not scaled to a separate size. */
  readonly scales: readonly number[];
  readonly maxSize: number;
}

/**
 * @param images the images that are loaded
 * @throws DataError if an option has the wrong type or is out of range
 */
export function framingSettings(
  where: string,
  { canvas = { multipleOf: 32 }, scale, maxSize }: Framing,
  images: readonly Size[],
): FramingSettings {
  if (typeof canvas !== 'object' || canvas === null) {
    throw new DataError(
      `${where}.canvas is ${shown(canvas)}: expected { width, height }, { multipleOf } or { longSide }`,
    );
  }
  const fields = 'multipleOf' in canvas ? ['multipleOf'] : 'longSide' in canvas ? ['longSide'] : ['width', 'height'];
  requireKnown(`${where}.canvas`, canvas, 'longSide' in canvas ? [...fields, 'images'] : fields);
  for (const field of fields) requireCount(`${where}.canvas.${field}`, (canvas as Record<string, unknown>)[field], 1);
  const scales = scale === undefined ? [] : typeof scale === 'number' ? [scale] : scale;
  if (!Array.isArray(scales) || (scale !== undefined && scales.length === 0)) {
    throw new DataError(`${where}.scale is ${shown(scale)}: expected a number of pixels or a list of them`);
  }
  for (const pixels of scales) requireCount(`${where}.scale`, pixels, 1);
  if (maxSize !== undefined) requireCount(`${where}.maxSize`, maxSize, 1);
  const common = { scales, maxSize: maxSize ?? Number.POSITIVE_INFINITY };
  if (!('longSide' in canvas)) return { canvas, longSide: undefined, ...common };
  const { longSide, images: fitting = images } = canvas;
  return { canvas: smallestCanvas(fitting, longSide), longSide, ...common };
}

/** The smallest canvas on which all of these images fit, with their longer side at `longSide` pixels. */
export function smallestCanvas(images: readonly Size[], longSide: number): Size {
  let [width, height] = [1, 1];
  for (const image of images) {
    const size = withLongSide(image, longSide);
    width = Math.max(width, size.width);
    height = Math.max(height, size.height);
  }
  return { width, height };
}

const withLongSide = (image: Size, longSide: number): Size => fitted(image, { width: longSide, height: longSide });

/**
 * The size an image is resized to.
 *
 * @param scale the new shorter side, one of `framing.scales`; `undefined` if there are none
 * @param own the shorter side that the image then keeps on a canvas of no fixed size
 */
export function framedSize(
  image: Size,
  { canvas, longSide, maxSize }: FramingSettings,
  scale: number | undefined,
  own: number,
): Size {
  if ('multipleOf' in canvas) return resizedTo(image, scale ?? own, maxSize);
  const limit = { width: Math.min(canvas.width, maxSize), height: Math.min(canvas.height, maxSize) };
  if (scale === undefined && longSide === undefined) return fitted(image, limit);
  // Fitted into the canvas, an image whose shorter side was rounded down would miss its longer side by a pixel.
  const size = scale === undefined ? withLongSide(image, longSide as number) : resizedTo(image, scale, maxSize);
  return size.width <= limit.width && size.height <= limit.height ? size : fitted(image, limit);
}

/**
 * Resizes like DETR's `get_size_with_aspect_ratio` (datasets/transforms.py), to the pixel, except for images that it
 * makes longer than `maxSize`: it rounds the shorter side and lets the longer one follow (1000 × 302 becomes 1334 × 403
 * for 1333).
 */
function resizedTo({ width, height }: Size, scale: number, maxSize: number): Size {
  const shorter = Math.min(width, height);
  const longer = Math.max(width, height);
  const tooLong = (longer / shorter) * scale > maxSize;
  const short = tooLong ? Math.max(Math.round((maxSize * shorter) / longer), 1) : scale;
  const long = Math.min(Math.floor((short * longer) / shorter), maxSize);
  return width < height ? { width: short, height: long } : { width: long, height: short };
}

/** The largest size that fits, with the same aspect ratio. */
function fitted({ width, height }: Size, limit: Size): Size {
  const factor = Math.min(limit.width / width, limit.height / height);
  return {
    width: Math.min(Math.max(Math.round(factor * width), 1), limit.width),
    height: Math.min(Math.max(Math.round(factor * height), 1), limit.height),
  };
}

/** The canvas for images of these sizes. */
export function canvasOf(sizes: readonly Size[], { canvas }: FramingSettings): Size {
  if ('width' in canvas) return canvas;
  const roundedUp = (pixels: number): number => Math.ceil(pixels / canvas.multipleOf) * canvas.multipleOf;
  return {
    width: roundedUp(Math.max(...sizes.map(({ width }) => width))),
    height: roundedUp(Math.max(...sizes.map(({ height }) => height))),
  };
}
