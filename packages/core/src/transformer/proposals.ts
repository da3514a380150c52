/**
 * The boxes that a two-stage model starts from: one at every token of its encoder.
 * Source: `gen_encoder_output_proposals` in fundamentalvision/Deformable-DETR `models/deformable_transformer.py`.
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
  type Rank,
  reshape,
  sub,
  type Tensor3D,
  tensor2d,
  tile,
  where,
} from '@tensorflow/tfjs-core';
import { cellCentres, type LevelTokens } from './levels.ts';

/** Sides of the boxes on the finest level, as a share of the image's; they double from level to level. */
const finestSide = 0.05;

/** Boxes with a coordinate that is not between these are left out. */
const [least, most] = [0.01, 0.99];

export interface Proposals {
  /**
   * Boxes cxcywh before the sigmoid, `[B, S, 4]`. Those of padding, and those too near to the border or too large, are left
   * out: they are +∞, which the sigmoid makes (1, 1, 1, 1).
   */
  readonly anchors: Tensor3D;
  /** 1 where there is a box, 0 where it is left out, `[B, S, 1]`. */
  readonly valid: Tensor3D;
}

/** The proposals of B images; where nothing is padded they are the same for all, and B is 1. */
export function proposalsOf({
  sizes,
  validSizes,
  padding,
}: Pick<LevelTokens, 'sizes' | 'validSizes' | 'padding'>): Proposals {
  const centres = cellCentres({ sizes, validSizes });
  const [images, tokens] = centres.shape;
  const sides = sizes.flatMap(({ height, width }, level) =>
    Array.from({ length: height * width }, (): [number, number] => [finestSide * 2 ** level, finestSide * 2 ** level]),
  );
  const sidesOfAll = tile(reshape<Rank.R3>(tensor2d(sides), [1, tokens, 2]), [images, 1, 1]);
  const boxes = concat([centres, sidesOfAll], 2) as Tensor3D;
  const isInside: Tensor3D = all<Tensor3D>(logicalAnd(greater(boxes, least), less(boxes, most)), 2, true);
  const isValid: Tensor3D =
    padding === undefined
      ? isInside
      : logicalAnd<Tensor3D>(isInside, less<Tensor3D>(reshape<Rank.R3>(padding, [images, tokens, 1]), 0.5));
  const outside = fill<Rank.R3>(boxes.shape, Number.POSITIVE_INFINITY);
  return {
    anchors: where<Tensor3D>(
      tile<Tensor3D>(isValid, [1, 1, 4]),
      log<Tensor3D>(div<Tensor3D>(boxes, sub(1, boxes))),
      outside,
    ),
    valid: cast<Tensor3D>(isValid, 'float32'),
  };
}
