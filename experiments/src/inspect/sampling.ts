/** Where a query samples the image in deformable attention, and what its samples count. */
import type { Size } from '@dn-detr/data';
import type { DecoderPass, SampledLayer } from './decoder-pass.ts';

export interface Sampling {
  readonly kind: 'samples';
  /** Pixels of the canvas along a side of a cell, of each of the L levels. */
  readonly strides: readonly number[];
  readonly layers: readonly LayerSamples[];
}

/** A decoder layer's samples, seen from one query: by head, level and point. */
export interface LayerSamples {
  /** Locations (x, y) in 0..1 of the image, `[H, L, P, 2]`; outside that range there is padding, or nothing. */
  readonly locations: Float32Array;
  /** `[H, L, P]`; those of a head add up to 1 */
  readonly weights: Float32Array;
  /** References that offsets start from, in 0..1 of the image: a point (x, y) or a cxcywh box. */
  readonly reference: Float32Array;
}

/** A canvas that has an image at its top left, both in pixels, and the model's levels on it. */
export interface SampledCanvas {
  readonly canvas: Size;
  readonly image: Size;
  /** Strides of the levels that the backbone hands out; those that the model adds halve the resolution again. */
  readonly strides: readonly number[];
}

/** @param at of the query among all T */
export function samplingOf(
  { sampled, boxes }: Pick<DecoderPass, 'sampled' | 'boxes'>,
  at: number,
  { canvas, image, strides }: SampledCanvas,
): Sampling {
  const total = (boxes[0] as Float32Array).length / 4;
  // Each level is taken to cover the canvas from edge to edge, as the model does.
  const toImage = [canvas.width / image.width, canvas.height / image.height] as const;
  const onImage = (coordinates: Float32Array): Float32Array =>
    coordinates.map((value, i) => value * (toImage[i % 2] as number));
  const ofQuery = (values: Float32Array): Float32Array => {
    const size = values.length / total;
    return values.slice(at * size, (at + 1) * size);
  };
  const levels = (sampled[0] as SampledLayer).levels;
  return {
    kind: 'samples',
    strides: Array.from({ length: levels }, (_, level) => {
      const added = Math.max(0, level + 1 - strides.length);
      return (strides[level - added] as number) * 2 ** added;
    }),
    layers: sampled.map(({ references, coordinates, locations, weights }) => ({
      locations: onImage(ofQuery(locations)),
      weights: ofQuery(weights),
      // That on the first level stands for all: where they differ, it is by the rounding of the image's size on a level.
      reference: onImage(ofQuery(references).subarray(0, coordinates)),
    })),
  };
}

/** Shares of all the weight of a layer's samples, which add up to 1 for each head. */
export interface WeightShares {
  /** `[L]` */
  readonly levels: readonly number[];
  /** Share of the samples beyond the image's edges, which read zeros. */
  readonly outside: number;
}

export function weightShares({ locations, weights }: LayerSamples, heads: number, levels: number): WeightShares {
  const shares = new Array<number>(levels).fill(0);
  let outside = 0;
  const points = weights.length / heads / levels;
  weights.forEach((weight, i) => {
    (shares[Math.floor(i / points) % levels] as number) += weight / heads;
    const [x, y] = locations.subarray(2 * i, 2 * i + 2) as unknown as [number, number];
    if (!(x >= 0 && x <= 1 && y >= 0 && y <= 1)) outside += weight / heads;
  });
  return { levels: shares, outside };
}
