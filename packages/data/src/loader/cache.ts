/** A cache of decoded images in memory. */
import type { DatasetImage, RgbImage } from '../dataset.ts';
import { requireNumber } from '../option-checks.ts';
import { renderView } from '../transforms/render.ts';
import { type Size, wholeView } from '../transforms/view.ts';

/**
 * Keeps the first images that are read, as many as fit, and no others: an epoch sees each image once, in a new order,
 * so an image that replaces another is no likelier to be needed next. (With room for half of the images, 50 % of
 * all reads hit, against 15 % when dropping the least recently used.) One cache may serve training and evaluation.
 */
export class ImageCache {
  readonly #kept = new Map<DatasetImage, { readonly size: Size; readonly pixels: Promise<RgbImage> }>();
  readonly #budget: number;
  #bytes = 0;

  /** @param budget bytes of pixels, three per pixel; 0 keeps nothing */
  constructor(budget: number) {
    requireNumber('the budget of the cache', budget, 0, Number.POSITIVE_INFINITY);
    this.#budget = budget;
  }

  /** Bytes of the images that are kept, at most the budget. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Returns the image's pixels, which the caller must not change. A failed read is not kept.
   *
   * @param size size to which the image is reduced; each image is kept at one size
   */
  read(image: DatasetImage, { width, height }: Size = image): Promise<RgbImage> {
    const kept = this.#kept.get(image);
    if (kept?.size.width === width && kept.size.height === height) return kept.pixels;
    const bytes = 3 * width * height;
    const pixels = readAt(image, { width, height });
    if (kept !== undefined || this.#bytes + bytes > this.#budget) return pixels;
    this.#bytes += bytes;
    this.#kept.set(image, { size: { width, height }, pixels });
    pixels.catch(() => {
      this.#kept.delete(image);
      this.#bytes -= bytes;
    });
    return pixels;
  }
}

async function readAt(image: DatasetImage, { width, height }: Size): Promise<RgbImage> {
  const whole = await image.read();
  return { width, height, data: await renderView(whole, wholeView(whole, { width, height })) };
}
