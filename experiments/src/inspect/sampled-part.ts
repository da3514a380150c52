/** Finds the part of an image that a query samples, which a drawing then enlarges. */
import type { ImageAttention, LayerAttention } from './attention.ts';
import type { Sampling } from './sampling.ts';

/** A part of an image with the same fraction of its width and height, all in 0..1. */
export interface ImagePart {
  readonly x: number;
  readonly y: number;
  readonly side: number;
}

/** Samples with less than this fraction of the layer's largest weight may lie outside the part. */
const leastShare = 0.05;
/** Margin on each side, as a fraction of the part. */
const margin = 0.1;
const leastSide = 0.2;
/** Instead of a larger part, the full image is shown. */
const mostSide = 0.8;

/** The smallest part that contains the layers' reference points or boxes, the predicted boxes, and the samples that count. */
export function sampledPart(found: Pick<ImageAttention, 'known' | 'query' | 'layers'>, sampling: Sampling): ImagePart {
  const at = found.known + found.query;
  const [xs, ys]: [number[], number[]] = [[], []];
  const include = (x: number, y: number): void => {
    xs.push(Math.min(1, Math.max(0, x)));
    ys.push(Math.min(1, Math.max(0, y)));
  };
  const includeBox = (box: Float32Array): void => {
    const [x, y, width = 0, height = 0] = box as unknown as [number, number, number?, number?];
    for (const sign of [-0.5, 0.5]) include(x + sign * width, y + sign * height);
  };
  sampling.layers.forEach(({ reference, locations, weights }, l) => {
    includeBox(reference);
    includeBox((found.layers[l] as LayerAttention).boxes.subarray(4 * at, 4 * at + 4));
    const most = Math.max(...weights);
    weights.forEach((weight, i) => {
      if (weight >= leastShare * most) include(locations[2 * i] as number, locations[2 * i + 1] as number);
    });
  });
  const middle = (values: readonly number[]): number => (Math.min(...values) + Math.max(...values)) / 2;
  const length = (values: readonly number[]): number => Math.max(...values) - Math.min(...values);
  const side = Math.max(leastSide, Math.max(length(xs), length(ys)) / (1 - 2 * margin));
  if (side > mostSide) return { x: 0, y: 0, side: 1 };
  const from = (values: readonly number[]): number => Math.min(1 - side, Math.max(0, middle(values) - side / 2));
  return { x: from(xs), y: from(ys), side };
}
