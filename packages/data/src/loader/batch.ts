/** Several images as one array, with what is to be found in them. */
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

/** B images on a canvas of one size, each at its top left. */
export interface Batch extends Size {
  /** `[B, height, width, 3]`, normalised; 0 where padded */
  readonly images: Float32Array;
  /** `[B, height, width]`: 1 where padded; undefined if no batch of this sequence can have any */
  readonly padding: Uint8Array | undefined;
  /** `[B]`; boxes are relative to the image without its padding, as DETR's are */
  readonly targets: readonly Objects<Int32Array, Float32Array>[];
  /** `[B]` */
  readonly sources: readonly DatasetImage[];
  /** `[B]`: what is seen of each, with which `boxesInImage` takes predictions back */
  readonly views: readonly View[];
}

/** One image of a batch to be. */
export interface Item {
  readonly source: DatasetImage;
  /** the size at which it is worked on */
  readonly working: Size;
  readonly objects: TrainingObjects;
  readonly view: View;
  readonly change: ColorChange | undefined;
}

export interface BatchSettings {
  readonly framing: FramingSettings;
  readonly normalize: Normalize;
  readonly padded: boolean;
  readonly cache: ImageCache;
}

/**
 * Reads, renders and recolours the images of a batch. When the result is called they are normalised: until then a batch
 * is bytes, a quarter of its size.
 *
 * @throws DataError if an image cannot be read
 */
export async function prepareBatch(items: readonly Item[], settings: BatchSettings): Promise<() => Batch> {
  const { cache } = settings;
  const render = async ({ source, working, view, change }: Item): Promise<Uint8Array> => {
    const pixels = await renderView(await cache.read(source, working), view, source);
    return change ? recolored(pixels, view, change) : pixels;
  };
  const rendered = await Promise.all(items.map(render));
  return () => assemble(items, rendered, settings);
}

function assemble(items: readonly Item[], rendered: readonly Uint8Array[], settings: BatchSettings): Batch {
  const { framing, normalize, padded } = settings;
  const views = items.map(({ view }) => view);
  const { width, height } = canvasOf(views, framing);
  const images = new Float32Array(items.length * height * width * 3);
  for (const [b, { view }] of items.entries()) {
    normalize(rendered[b] as Uint8Array, view, images.subarray(b * height * width * 3), width);
  }
  return {
    images,
    width,
    height,
    padding: padded ? paddingOf(views, { width, height }) : undefined,
    targets: items.map(({ objects, view }) => objectsInView(objects, view)),
    sources: items.map(({ source }) => source),
    views,
  };
}

/** `[B, height, width]` */
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
