/** Where a query samples the image in deformable attention, and with which weights. */
import type { Size } from '@dn-detr/data';
import type { DecoderPass, SampledLayer } from './decoder-pass.ts';

export interface Sampling {
  readonly kind: 'samples';
  /** Side of a cell in pixels of the canvas, for each of the L levels. */
  readonly strides: readonly number[];
  readonly layers: readonly LayerSamples[];
}

/** One query's samples in a decoder layer, by head, level and point. */
export interface LayerSamples {
  /** x and y as fractions of the image in 0..1, `[H, L, P, 2]`; values beyond are in the padding or outside the canvas. */
  readonly locations: Float32Array;
  /** `[H, L, P]`; the weights of a head add up to 1. */
  readonly weights: Float32Array;
  /** Origin of the offsets, as fractions of the image in 0..1: a point x and y, or a box cxcywh. */
  readonly reference: Float32Array;
}

/** A canvas with an image in its top left corner, both in pixels, and the backbone's levels. */
export interface SampledCanvas {
  readonly canvas: Size;
  readonly image: Size;
  /** Strides of the backbone's levels; each level that the model adds halves the resolution again. */
  readonly strides: readonly number[];
}

/** @param at - Index of the query among all T. */
export function samplingOf(
  { sampled, boxes }: Pick<DecoderPass, 'sampled' | 'boxes'>,
  at: number,
  { canvas, image, strides }: SampledCanvas,
): Sampling {
  const total = (boxes[0] as Float32Array).length / 4;
  // As in the model, each level is assumed to cover the canvas from edge to edge.
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
      // The reference on the first level represents all: others differ at most by rounding of the image's size on a level.
      reference: onImage(ofQuery(references).subarray(0, coordinates)),
    })),
  };
}

/** Shares of the total weight of a layer's samples, whose weights add up to 1 for each head. */
export interface WeightShares {
  /** `[L]` */
  readonly levels: readonly number[];
  /** Share of the samples outside the image, where there are no features. */
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
