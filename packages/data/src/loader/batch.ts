/** Combines several images into one array, with their targets. */
import type { Objects } from '@dn-detr/boxes';
import type { DatasetImage } from '../dataset.ts';
import type { TrainingObjects } from '../training-objects.ts';
import { canvasOf, type FramingSettings } from '../transforms/framing.ts';
import type { ColorChange } from '../transforms/jitter.ts';
import type { Normalize } from '../transforms/normalize.ts';
import { recolored } from '../transforms/recolor.ts';
import { renderView } from '../transforms/render.ts';
import { objectsInView, type Size, type View } from '../transforms/view.ts';
import type { ImageCache } from './cache.ts';

/** A batch without its content: B images on a canvas of one size, each at its top left. */
export interface BatchItems extends Size {
  /** Padding `[B, height, width]`: 1 where padded; undefined if no batch of this sequence can have any. */
  readonly padding: Uint8Array | undefined;
  /** Targets `[B]`; boxes are relative to the image without its padding, as in DETR. */
  readonly targets: readonly Objects<Int32Array, Float32Array>[];
  /** The images `[B]` of the data set. */
  readonly sources: readonly DatasetImage[];
  /** Views `[B]`: the part of each image that is shown, with which `boxesInImage` maps predictions back. */
  readonly views: readonly View[];
}

/** The content of a batch unless something else is loaded. */
export interface Images {
  /** Pixels `[B, height, width, 3]`, normalised; 0 where padded. */
  readonly images: Float32Array;
}

/** A batch of images with their targets. */
export type Batch<Content = Images> = BatchItems & Content;

/** An image and the part of it that is shown. */
export interface ImageView {
  readonly source: DatasetImage;
  readonly view: View;
}

/**
 * Loads the content of a batch. The returned function is called when it is the batch's turn.
 *
 * @param items the B images of the batch
 * @param pixels reads one of them; the function it returns writes the image, normalised, on a canvas of zeros `[height,
 *   width, 3]`
 */
export type LoadContent<Content> = (
  items: readonly ImageView[],
  canvas: Size,
  pixels: (item: number) => Promise<(out: Float32Array) => void>,
) => Promise<() => Content>;

/** One image of a batch that is being prepared. */
export interface Item extends ImageView {
  /** Size to which the image is reduced before its view is rendered. */
  readonly working: Size;
  readonly objects: TrainingObjects;
  readonly change: ColorChange | undefined;
}

export interface BatchSettings<Content> {
  readonly framing: FramingSettings;
  readonly normalize: Normalize;
  readonly padded: boolean;
  readonly cache: ImageCache;
  readonly load: LoadContent<Content>;
}

/**
 * Prepares a batch of these images; calling the returned function assembles it.
 *
 * @throws DataError if an image cannot be read
 */
export async function prepareBatch<Content>(
  items: readonly Item[],
  { framing, normalize, padded, cache, load }: BatchSettings<Content>,
): Promise<() => Batch<Content>> {
  const views = items.map(({ view }) => view);
  const canvas = canvasOf(views, framing);
  const content = await load(items, canvas, async (n) => {
    const { source, working, view, change } = items[n] as Item;
    const pixels = await renderView(await cache.read(source, working), view, source);
    const rendered = change ? await recolored(pixels, view, change) : pixels;
    return (out) => normalize(rendered, view, out, canvas.width);
  });
  return () => ({
    ...content(),
    ...canvas,
    padding: padded ? paddingOf(views, canvas) : undefined,
    targets: items.map(({ objects, view }) => objectsInView(objects, view)),
    sources: items.map(({ source }) => source),
    views,
  });
}

/** Loads images. Until the returned function is called, they are bytes, a quarter of the size of floats. */
export const loadImages: LoadContent<Images> = async (items, { width, height }, pixels) => {
  const writers = await Promise.all(items.map((_, n) => pixels(n)));
  return () => {
    const size = height * width * 3;
    const images = new Float32Array(items.length * size);
    for (const [b, write] of writers.entries()) write(images.subarray(b * size, (b + 1) * size));
    return { images };
  };
};

/** Padding `[B, height, width]` of images of these sizes. */
function paddingOf(sizes: readonly Size[], { width, height }: Size): Uint8Array {
  const padding = new Uint8Array(sizes.length * height * width).fill(1);
  for (const [b, size] of sizes.entries()) {
    for (let y = 0; y < size.height; y++) {
      const row = (b * height + y) * width;
      padding.fill(0, row, row + size.width);
    }
  }
  return padding;
}
