/** The view of an image: one rectangle of it, at one size, mirrored or not; and the boxes in that view. */
import type { Objects } from '@dn-detr/boxes';

/** Width and height, in pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** A rectangle by its top left corner and its size, in pixels. */
export interface Rectangle extends Size {
  readonly x: number;
  readonly y: number;
}

/**
 * The result of all flips, crops and resizings of an image. Pixels are resampled once, and one affine map takes boxes
 * there and back.
 */
export interface View extends Size {
  /** The part of the upright image that is shown, in its pixels. */
  readonly source: Rectangle;
  /** Whether the view is mirrored left to right, after everything else. */
  readonly flip: boolean;
}

/** A view of the complete image, at its own size or another. */
export function wholeView(image: Size, { width, height }: Size = image): View {
  return { source: { x: 0, y: 0, width: image.width, height: image.height }, width, height, flip: false };
}

/** In pixels of the image; a smaller remainder of a box comes from rounding. */
const leastExtent = 1e-6;

/**
 * The objects of an image as a view shows them: clipped to it, and without those outside, as in DETR's `crop`
 * (datasets/transforms.py).
 *
 * @param objects `labels` `[N]`, and `boxes` `[N, 4]`: x, y, width, height in pixels of the image
 * @returns the objects that a model has to predict; the boxes are relative to the view, without any padding around it
 */
export function objectsInView(
  { labels, boxes }: { readonly labels: Int32Array; readonly boxes: Float64Array },
  { source, flip }: View,
): Objects<Int32Array, Float32Array> {
  const keptLabels: number[] = [];
  const keptBoxes: number[] = [];
  for (const [n, label] of labels.entries()) {
    const [x, y, width, height] = boxes.subarray(4 * n, 4 * n + 4) as unknown as [number, number, number, number];
    const left = Math.max(x - source.x, 0);
    const top = Math.max(y - source.y, 0);
    const right = Math.min(x - source.x + width, source.width);
    const bottom = Math.min(y - source.y + height, source.height);
    if (right - left < leastExtent || bottom - top < leastExtent) continue;
    const cx = (left + right) / 2 / source.width;
    keptLabels.push(label);
    keptBoxes.push(
      flip ? 1 - cx : cx,
      (top + bottom) / 2 / source.height,
      (right - left) / source.width,
      (bottom - top) / source.height,
    );
  }
  return { labels: Int32Array.from(keptLabels), boxes: Float32Array.from(keptBoxes) };
}

/**
 * Maps predictions back: boxes in a view become boxes in pixels of the image.
 *
 * @param boxes `[N, 4]`: cxcywh in 0..1 of the view
 * @returns `[N, 4]`: x, y, width, height in pixels of the upright image; not clipped
 */
export function boxesInImage(boxes: Float32Array, { source, flip }: View): Float64Array {
  const out = new Float64Array(boxes.length);
  for (let i = 0; i < boxes.length; i += 4) {
    const [cx, cy, w, h] = boxes.subarray(i, i + 4) as unknown as [number, number, number, number];
    out[i] = source.x + ((flip ? 1 - cx : cx) - w / 2) * source.width;
    out[i + 1] = source.y + (cy - h / 2) * source.height;
    out[i + 2] = w * source.width;
    out[i + 3] = h * source.height;
  }
  return out;
}
