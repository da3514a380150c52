/**
 * Position encodings: DETR's sine and learned encodings of a feature map, and DAB-DETR's sine embedding of query boxes.
 * Each row is one position, as everywhere in the transformer.
 */
import {
  add,
  concat,
  cos,
  cumsum,
  div,
  matMul,
  mul,
  pad,
  type Rank,
  randomUniform,
  reshape,
  sin,
  slice,
  split,
  stack,
  sub,
  sum,
  type Tensor2D,
  type Tensor3D,
  tensor1d,
  tensor2d,
  tile,
} from '@tensorflow/tfjs-core';
import { withGradient } from './nn/custom-gradient.ts';
import { embedding } from './nn/embedding.ts';
import type { Init } from './nn/init.ts';
import { type Module, parametersOf } from './nn/module.ts';
import type { ParameterGroup } from './nn/parameters.ts';

/** The shape of a batch of feature maps, without channels. */
export type MapShape = readonly [batch: number, height: number, width: number];

/** Options of the sine encoding of a feature map. */
export interface SinePositionOptions {
  /** Features per position: the first half encodes y, the second x. Must be a multiple of 4. */
  readonly width: number;
  /** Temperature for y: 10000 in DETR, 20 in DAB-DETR. @defaultValue 10000 */
  readonly temperatureH?: number;
  /** Temperature for x. @defaultValue `temperatureH` */
  readonly temperatureW?: number;
  /**
   * Whether positions run from 0 to 2π over the unpadded part of an image instead of counting features. @defaultValue
   * true
   */
  readonly normalize?: boolean;
  /** Added to the counts: -0.5 in Deformable DETR, whose positions are the centres of features. @defaultValue 0 */
  readonly offset?: number;
}

/** Keeps rows and columns that are entirely padding from being divided by 0, as the references do. */
const epsilon = 1e-6;

/**
 * Sine encoding of a feature map: `PositionEmbeddingSine` of detr's models/position_encoding.py, with the offset of
 * Deformable DETR's version, and DN-DETR's `PositionEmbeddingSineHW`. Features are counted from 1; padded ones do not
 * count.
 *
 * @param mask `[B, h, w]` float32, 1 = padded; without it the encoding is a constant
 * @returns `[B*h*w, width]`
 * @throws if the width is not a multiple of 4
 */
export function sinePositions(
  [batch, height, width]: MapShape,
  options: SinePositionOptions,
  mask?: Tensor3D,
): Tensor2D {
  const { temperatureH = 10000, temperatureW = temperatureH, normalize = true, offset = 0 } = options;
  const axis = { features: options.width / 2, scale: normalize ? 2 * Math.PI : 1 };
  const bands = [
    { ...axis, column: 0, temperature: temperatureH },
    { ...axis, column: 1, temperature: temperatureW },
  ];
  if (mask !== undefined) return sineFeatures(countUnpadded(mask, normalize, offset), bands);
  const counts = Array.from({ length: height * width }, (_, i) => {
    const [y, x] = [Math.floor(i / width) + 1 + offset, (i % width) + 1 + offset];
    return normalize ? [y / (height + epsilon), x / (width + epsilon)] : [y, x];
  });
  return tile(sineFeatures(tensor2d(counts as [number, number][]), bands), [batch, 1]);
}

/**
 * Sine embedding of boxes: `gen_sineembed_for_position` of DN-DETR's models/DN_DAB_DETR/transformer.py, which always
 * makes 128 features per coordinate.
 *
 * @param boxes `[N, 4]` cxcywh, or centres `[N, 2]`, in 0..1
 * @param features number of features per coordinate, which must be even
 * @param first the coordinate whose features come first; Deformable DETR's proposals begin with x
 * @returns `[N, 4 * features]` in the order y, x, w, h, or `[N, 2 * features]` for centres
 * @throws if the boxes do not have 2 or 4 coordinates, or the number of features is odd
 */
export function boxSineEmbedding(boxes: Tensor2D, features: number, first: 'y' | 'x' = 'y'): Tensor2D {
  const coordinates = boxes.shape[1];
  if (coordinates !== 2 && coordinates !== 4) {
    throw new Error(`boxSineEmbedding: expected boxes [N, 4] or centres [N, 2], got [${boxes.shape}]`);
  }
  const columns = [...(first === 'y' ? [1, 0] : [0, 1]), 2, 3].slice(0, coordinates);
  const bands = columns.map((column) => ({ column, features, temperature: 10000, scale: 2 * Math.PI }));
  return sineFeatures(boxes, bands);
}

/** Largest size of a map along each axis, in features. */
const learnedLimit = 50;

/**
 * Learned encoding of a feature map: `PositionEmbeddingLearned` of detr's models/position_encoding.py. It takes the
 * shape of a map and gives positions `[B*h*w, width]`. Unlike in the sine encoding, x comes first. A map larger than 50
 * features along an axis is an error.
 *
 * @param name `backbone.1` in checkpoints of detr. The parameters are `name.row_embed.weight` for y and
 *   `name.col_embed.weight` for x, both `[50, width / 2]`
 */
export function learnedPositions(
  name: string,
  { width, group }: { readonly width: number; readonly group: ParameterGroup },
): Module<MapShape, Tensor2D> {
  const init: Init = (shape, seed) => randomUniform([...shape], 0, 1, 'float32', seed);
  const sizes = { rows: learnedLimit, width: width / 2, group, init };
  const [rows, columns] = [embedding(`${name}.row_embed`, sizes), embedding(`${name}.col_embed`, sizes)];
  return {
    parameters: parametersOf(rows, columns),
    apply: (tensors, map) => lookUpPositions(map, rows.apply(tensors), columns.apply(tensors)),
  };
}

/**
 * @param rows `[50, width / 2]`
 * @param columns `[50, width / 2]`
 * @returns `[B*h*w, width]`
 */
function lookUpPositions([batch, h, w]: MapShape, rows: Tensor2D, columns: Tensor2D): Tensor2D {
  if (h > learnedLimit || w > learnedLimit) {
    throw new Error(`learnedPositions: a map of ${h} x ${w} features is larger than ${learnedLimit} along an axis`);
  }
  const half = rows.shape[1];
  /** Pads the gradient of the rows in use with zeros, to all 50 rows. */
  const withUnused = (dy: Tensor2D): Tensor2D => {
    const unused = learnedLimit - dy.shape[0];
    return pad(dy, [
      [0, unused],
      [0, 0],
    ]);
  };
  return withGradient([rows, columns], () => {
    const x = tile(reshape(slice(columns, 0, w), [1, w, half]), [h, 1, 1]);
    const y = tile(reshape(slice(rows, 0, h), [h, 1, half]), [1, w, 1]);
    const map = reshape<Rank.R2>(concat([x, y], 2), [h * w, 2 * half]);
    return {
      value: tile(map, [batch, 1]),
      saved: [],
      gradient: (dy) => {
        const dMap = sum<Tensor3D>(reshape(dy, [batch, h, w, 2 * half]), 0);
        const [dColumns, dRows] = split(dMap, 2, 2) as [Tensor3D, Tensor3D];
        return [withUnused(sum(dRows, 1)), withUnused(sum(dColumns, 0))];
      },
    };
  });
}

/** The sine features of one coordinate. */
interface SineBand {
  /** Index of the coordinate among the columns. */
  readonly column: number;
  /** Number of features: sines and cosines alternate, and each pair has one frequency. */
  readonly features: number;
  /** Roughly the ratio of the first pair's frequency to the last pair's. */
  readonly temperature: number;
  /** Factor that coordinates are multiplied by first. */
  readonly scale: number;
}

/**
 * Features 2i and 2i + 1 of a band are the sine and cosine of `scale · x / temperature^(2i / features)`.
 *
 * All angles come from a single product with a matrix that has each frequency in the row of its coordinate. A cosine is
 * a sine shifted by a quarter turn, so nothing needs to be interleaved.
 *
 * @param coordinates `[N, k]`
 * @returns `[N, sum of features]`, band after band
 */
function sineFeatures(coordinates: Tensor2D, bands: readonly SineBand[]): Tensor2D {
  const columns = coordinates.shape[1];
  const width = bands.reduce((total, { features }) => total + features, 0);
  const frequencies = new Float32Array(columns * width);
  const phases = new Float32Array(width);
  let at = 0;
  for (const { column, features, temperature, scale } of bands) {
    if (features % 2 !== 0) throw new Error(`sine features come in pairs, got ${features} for a coordinate`);
    for (let i = 0; i < features; i++, at++) {
      frequencies[column * width + at] = scale / temperature ** ((i - (i % 2)) / features);
      phases[at] = i % 2 === 0 ? 0 : Math.PI / 2;
    }
  }
  return withGradient([coordinates], () => {
    const perUnit = tensor2d(frequencies, [columns, width]);
    const angles = add<Tensor2D>(matMul(coordinates, perUnit), tensor1d(phases));
    return {
      value: sin(angles),
      saved: [angles, perUnit] as const,
      gradient: (dy, [angles, perUnit]) => [matMul(mul(dy, cos(angles)), perUnit, false, true)],
    };
  });
}

/** The y and x of every feature, counted over the unpadded features: `[B*h*w, 2]`. */
function countUnpadded(mask: Tensor3D, normalize: boolean, offset: number): Tensor2D {
  const seen = sub<Tensor3D>(1, mask);
  const [y, x] = [1, 2].map((axis) => {
    const count = cumsum(seen, axis);
    // In a row of nothing but padding, the offset by itself would be divided by almost 0.
    const placed = offset === 0 ? count : mul(add(count, offset), seen);
    return normalize ? div<Tensor3D>(placed, add(sum(seen, axis, true), epsilon)) : placed;
  }) as [Tensor3D, Tensor3D];
  return reshape(stack([y, x], 3), [-1, 2]);
}
