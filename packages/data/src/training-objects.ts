/** The objects that training asks a model to find in an image; evaluation keeps the annotated objects instead. */
import type { DatasetImage } from './dataset.ts';

/** Rounding error of annotation tools, in pixels: a box that exceeds its image by more is reported as outside. */
export const ROUNDING_PIXELS = 0.1;

/** The N objects of an image that are left for training. */
export interface TrainingObjects {
  /** Labels `[N]`, 0..K−1. */
  readonly labels: Int32Array;
  /** Boxes `[N, 4]`: x, y, width, height in pixels, inside the image, width and height above 0. */
  readonly boxes: Float64Array;
  /** Numbers of annotated objects that were left out: crowds, then boxes without an area inside the image. */
  readonly dropped: { readonly crowd: number; readonly empty: number };
  /** Number of kept boxes that exceeded the image by more than rounding and were clipped at its border. */
  readonly clipped: number;
}

/**
 * Drops crowds, clips the boxes to the image, and drops those without an area, in this order, as DETR does
 * (`ConvertCocoPolysToMask` in datasets/coco.py).
 */
export function trainingObjects(image: DatasetImage): TrainingObjects {
  const { labels, boxes, crowd } = image.objects;
  const keptLabels: number[] = [];
  const keptBoxes: number[] = [];
  const dropped = { crowd: 0, empty: 0 };
  let clipped = 0;
  for (const [n, label] of labels.entries()) {
    if (crowd[n] !== 0) {
      dropped.crowd++;
      continue;
    }
    const box = boxes.subarray(4 * n, 4 * n + 4) as unknown as Box;
    const inside = boxInside(box, image);
    if (inside === undefined) {
      dropped.empty++;
      continue;
    }
    if (inside.cut > ROUNDING_PIXELS) clipped++;
    keptLabels.push(label);
    keptBoxes.push(...inside.box);
  }
  return { labels: Int32Array.from(keptLabels), boxes: Float64Array.from(keptBoxes), dropped, clipped };
}

export type Box = readonly [x: number, y: number, width: number, height: number];

/**
 * The part of a box that lies inside the image, and the largest number of pixels by which the box exceeds it on any
 * side; undefined where that part has no area.
 */
export function boxInside(
  [x, y, width, height]: Box,
  image: { readonly width: number; readonly height: number },
): { readonly box: Box; readonly cut: number } | undefined {
  const left = Math.max(0, x);
  const top = Math.max(0, y);
  const right = Math.min(image.width, x + width);
  const bottom = Math.min(image.height, y + height);
  // Not "<= 0", so that a NaN has no area either.
  if (!(right > left && bottom > top && width > 0 && height > 0)) return undefined;
  const cut = Math.max(left - x, top - y, x + width - right, y + height - bottom);
  // A box inside the image keeps its size to the last bit.
  const box: Box = cut === 0 ? [x, y, width, height] : [left, top, right - left, bottom - top];
  return { box, cut };
}
