/**
 * The boxes that a two-stage model starts from: one at every token of its encoder. Source:
 * `gen_encoder_output_proposals` in fundamentalvision/Deformable-DETR `models/deformable_transformer.py`.
 */
import {
  all,
  cast,
  concat,
  div,
  fill,
  greater,
  less,
  log,
  logicalAnd,
  mul,
  type Rank,
  reshape,
  sub,
  type Tensor2D,
  type Tensor3D,
  tensor2d,
  tile,
  where,
} from '@tensorflow/tfjs-core';
import { detach } from '../nn/detach.ts';
import { cellCentres, type LevelTokens } from './levels.ts';

/** Width and height of the boxes on the finest level, as a fraction of the image's; they double from level to level. */
export const proposalSide = 0.05;

/** Boxes with a coordinate outside this range are left out. */
const [least, most] = [0.01, 0.99];

/** The boxes that the tokens of an encoder start from. */
export interface Proposals {
  /**
   * Boxes cxcywh before the sigmoid, `[B, S, 4]`. Boxes of padding, and those too close to the border or too large, are
   * left out: they are +∞, which the sigmoid turns into (1, 1, 1, 1).
   */
  readonly anchors: Tensor3D;
  /** 1 where there is a box and 0 where it is left out, `[B, S, 1]`. */
  readonly valid: Tensor3D;
}

/**
 * The proposals of B images. If nothing is padded they are the same for all images, and B is 1.
 *
 * @param finest width and height on the finest level, as fractions of the image's, `[1, 2]`; 0.05 by default
 */
export function proposalsOf(
  { sizes, validSizes, padding }: Pick<LevelTokens, 'sizes' | 'validSizes' | 'padding'>,
  finest: Tensor2D = fill([1, 2], proposalSide),
): Proposals {
  const centres = cellCentres({ sizes, validSizes });
  const [images, tokens] = centres.shape;
  const scales = sizes.flatMap(({ height, width }, level) => Array<number>(height * width).fill(2 ** level));
  const sides = mul(tensor2d(scales, [tokens, 1]), finest);
  const sidesOfAll = tile(reshape<Rank.R3>(sides, [1, tokens, 2]), [images, 1, 1]);
  const boxes = concat([centres, sidesOfAll], 2) as Tensor3D;
  // A selection has no gradient.
  const fixed = detach(boxes);
  const isInside: Tensor3D = all<Tensor3D>(logicalAnd(greater(fixed, least), less(fixed, most)), 2, true);
  const isValid: Tensor3D =
    padding === undefined
      ? isInside
      : logicalAnd<Tensor3D>(isInside, less<Tensor3D>(reshape<Rank.R3>(padding, [images, tokens, 1]), 0.5));
  const isValidSide = tile<Tensor3D>(isValid, [1, 1, 4]);
  // Where a learned side makes the logarithm infinite, its gradient would be NaN.
  const inside = where<Tensor3D>(isValidSide, boxes, fill<Rank.R3>(boxes.shape, 0.5));
  const outside = fill<Rank.R3>(boxes.shape, Number.POSITIVE_INFINITY);
  return {
    anchors: where<Tensor3D>(isValidSide, log<Tensor3D>(div<Tensor3D>(inside, sub(1, inside))), outside),
    valid: cast<Tensor3D>(isValid, 'float32'),
  };
}
