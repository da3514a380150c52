/**
 * The tokens of several levels of features, and the positions of points on these levels. Source:
 * fundamentalvision/Deformable-DETR `models/deformable_transformer.py`.
 */
import {
  concat,
  div,
  mul,
  reshape,
  slice,
  stack,
  sub,
  sum,
  type Tensor,
  type Tensor2D,
  type Tensor3D,
  type Tensor4D,
  tensor2d,
  tensor3d,
} from '@tensorflow/tfjs-core';
import type { LevelSize } from '../nn/deformable-sampling.ts';

/** The levels that tokens lie on. */
export interface Levels {
  /** Height and width of each of the L levels, in cells. */
  readonly sizes: readonly LevelSize[];
  /** Unpadded size of each level, as (width, height) in cells, `[B, L, 2]`; left out if nothing is padded. */
  readonly validSizes?: Tensor3D | undefined;
}

/**
 * The features of B images on L levels. The S tokens of an image are the cells of its levels, row by row, one level
 * after another.
 */
export interface LevelTokens extends Levels {
  /** Features `[B*S, d]`. */
  readonly features: Tensor2D;
  /** Position encodings, which also distinguish levels, `[B*S, d]`. */
  readonly positions: Tensor2D;
  /** `[B, S]`: 1 where padded. Left out if nothing is padded. */
  readonly padding?: Tensor2D | undefined;
}

/**
 * The unpadded size of a level, as (width, height) in cells. It is read from the first row and the first column.
 *
 * @param mask `[B, h, w]`, 1 = padded
 * @returns `[B, 2]`
 */
export function validSize(mask: Tensor3D): Tensor2D {
  const [batch, height, width] = mask.shape;
  const seen = (edge: Tensor3D, length: number): Tensor => sub(length, sum(edge, [1, 2]));
  const row = slice(mask, [0, 0, 0], [batch, 1, width]);
  const column = slice(mask, [0, 0, 0], [batch, height, 1]);
  return stack([seen(row, width), seen(column, height)], 1) as Tensor2D;
}

/**
 * The centre of every token's cell, x and y in 0..1 of the image without its padding: `[B, S, 2]`, or `[1, S, 2]` if
 * nothing is padded.
 */
export function cellCentres({ sizes, validSizes }: Levels): Tensor3D {
  const levels = sizes.map(({ height, width }, level) => {
    const scale = validSizes === undefined ? [width, height] : [1, 1];
    const centres = Array.from({ length: height * width }, (_, i): [number, number] => [
      ((i % width) + 0.5) / (scale[0] as number),
      (Math.floor(i / width) + 0.5) / (scale[1] as number),
    ]);
    const ofLevel = reshape(tensor2d(centres), [1, height * width, 2]) as Tensor3D;
    return validSizes === undefined ? ofLevel : div<Tensor3D>(ofLevel, slice(validSizes, [0, level, 0], [-1, 1, 2]));
  });
  return concat(levels, 1);
}

/**
 * Converts references relative to images to references relative to each level with its padding, as needed for sampling.
 *
 * @param references `[B, Q, 2]` points or `[B, Q, 4]` boxes cxcywh, in 0..1; B may be 1 if all images have the same
 *   references
 * @returns `[B, Q, L, k]`, or `[B, Q, 1, k]` if nothing is padded, since all levels then have the same references
 */
export function onLevels(references: Tensor3D, levels: Levels): Tensor4D {
  const [batch, queries, size] = references.shape;
  const alike = reshape(references, [batch, queries, 1, size]) as Tensor4D;
  const ratios = validRatios(levels);
  if (ratios === undefined) return alike;
  const [images, count] = ratios.shape;
  const perCoordinate = size === 2 ? ratios : concat([ratios, ratios], 2);
  return mul<Tensor4D>(alike, reshape(perCoordinate, [images, 1, count, size]));
}

/** The unpadded fraction of each level, as (width, height), `[B, L, 2]`; undefined if nothing is padded. */
export function validRatios({ sizes, validSizes }: Levels): Tensor3D | undefined {
  if (validSizes === undefined) return undefined;
  return div<Tensor3D>(validSizes, tensor3d([sizes.map(({ height, width }) => [width, height])], [1, sizes.length, 2]));
}
