/** The size to which a large image is reduced first: camera photos have many times the pixels that a model sees. */
import type { AugmentationSettings } from './augmentation.ts';
import { type FramingSettings, framedSize } from './framing.ts';
import type { Size } from './view.ts';

/** Pixels kept per needed pixel, along each side: enough that resampling twice is not visible. */
const margin = 2;

/** Sides are not reduced by less than this: it would save little. */
const leastReduction = 0.7;

/**
 * The image's own size, or a smaller one with twice the detail per side of the largest view that can be drawn. A
 * smaller image takes less room in a cache and less time to resample; it is reduced whether it is cached or not, so
 * that the cache does not change results.
 */
export function workingSize(image: Size, framing: FramingSettings, { crop }: AugmentationSettings): Size {
  const { width, height } = image;
  const scale = framing.scales.length === 0 ? undefined : Math.max(...framing.scales);
  const seen = framedSize(image, framing, scale, Math.min(width, height));
  // The smallest crop is enlarged most; this is in shorter sides of the image.
  const smallest = crop === undefined ? 1 : Math.min(crop.least / Math.max(...crop.scales), 1);
  const part = (margin * Math.max(seen.width / width, seen.height / height)) / smallest;
  if (part > leastReduction) return { width, height };
  return { width: Math.max(Math.round(part * width), 1), height: Math.max(Math.round(part * height), 1) };
}
