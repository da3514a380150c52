/**
 * Turns the backbone's levels into the tokens of a deformable encoder. Source: fundamentalvision/Deformable-DETR
 * `models/deformable_detr.py`.
 */
import {
  add,
  concat,
  type Rank,
  reshape,
  slice,
  stack,
  type Tensor,
  type Tensor2D,
  type Tensor3D,
  type Tensor4D,
} from '@tensorflow/tfjs-core';
import { type FeatureLevel, resizeMask } from '../backbone/backbone.ts';
import { convolution } from '../nn/conv.ts';
import { groupNorm } from '../nn/group-norm.ts';
import { constant, normal, xavierUniformKernel } from '../nn/init.ts';
import { type Module, parameter, parametersOf } from '../nn/module.ts';
import { type SinePositionOptions, sinePositions } from '../position.ts';
import { type LevelTokens, validSize } from '../transformer/levels.ts';
import type { FeatureBatch } from './detector.ts';

/** Options of the sine positions of every level; see `sinePositions`. */
export type LevelPositionOptions = Pick<SinePositionOptions, 'offset' | 'temperatureH'>;

/** How levels of features become one sequence of tokens. */
export interface LevelTokenOptions {
  /** d, a multiple of 32. */
  readonly width: number;
  /** L. If the backbone has fewer levels, strided convolutions add the others, starting from its last one. */
  readonly levels: number;
  /**
   * Options of the sine positions, with an offset of -0.5 by default as in Deformable DETR. @defaultValue { offset:
   * -0.5 }
   */
  readonly position?: LevelPositionOptions;
}

/** Number of groups in the normalisation after each convolution. */
const groups = 32;

/**
 * Turns the features of a batch, one map per level of the backbone, into tokens of L levels with their sine positions.
 * Each level is projected to width d by a convolution with a group norm, and has an embedding that is added to its
 * positions. The norm includes padding, as the reference's does, so predictions depend slightly on how much padding
 * there is. The parameters are those of `input_proj` and `transformer.level_embed`.
 *
 * @throws RangeError if the width cannot be divided by the groups of the norm, or the backbone has more levels
 */
export function levelTokens(
  backbone: readonly FeatureLevel[],
  { width, levels, position = { offset: -0.5 } }: LevelTokenOptions,
): Module<FeatureBatch, LevelTokens> {
  if (width % groups !== 0) throw new RangeError(`width is ${width}: expected a multiple of ${groups}`);
  if (backbone.length === 0 || backbone.length > levels) {
    throw new RangeError(
      `featureLevels is ${levels}, but the model takes ${backbone.length} of the backbone: expected at least as many`,
    );
  }
  const last = (backbone.at(-1) as FeatureLevel).channels;
  const projections = Array.from({ length: levels }, (_, i) =>
    i < backbone.length
      ? projection(i, width, { inputs: (backbone[i] as FeatureLevel).channels, size: 1 })
      : projection(i, width, { inputs: i === backbone.length ? last : width, size: 3, stride: 2, padding: 1 }),
  );
  const shape = [levels, width];
  const embedding = parameter<Tensor2D>({ name: 'transformer.level_embed', shape, group: 'rest', init: normal(1) });
  return {
    parameters: parametersOf(...projections, embedding),
    apply: (tensors, { levels: maps, padding }) => {
      if (maps.length !== backbone.length) {
        throw new RangeError(`the batch has ${maps.length} levels of features: expected ${backbone.length}`);
      }
      const projected: Tensor4D[] = [];
      const masks: (Tensor3D | undefined)[] = [];
      projections.forEach((project, i) => {
        const map = maps[i];
        // The first added level is computed from the features themselves, each further one from the previous added
        // level.
        const from = map?.features ?? (i === maps.length ? maps.at(-1)?.features : projected.at(-1));
        const x = project.apply(tensors, from as Tensor4D);
        projected.push(x);
        masks.push(map ? map.padding : padding && resizeMask(padding, [x.shape[1], x.shape[2]]));
      });
      return joined(projected, masks, embedding.apply(tensors), position);
    },
  };
}

function projection(
  level: number,
  width: number,
  options: { readonly inputs: number; readonly size: number; readonly stride?: number; readonly padding?: number },
): Module<Tensor4D, Tensor4D> {
  const name = `input_proj.${level}`;
  const init = { weight: xavierUniformKernel, bias: constant(0) };
  const convolve = convolution(`${name}.0`, { ...options, outputs: width, bias: true, init, group: 'rest' });
  const norm = groupNorm(`${name}.1`, { width, groups, group: 'rest' });
  return {
    parameters: parametersOf(convolve, norm),
    apply: (tensors, x) => norm.apply(tensors, convolve.apply(tensors, x)),
  };
}

/**
 * Concatenates the levels into tokens, with their positions and padding.
 *
 * @param maps `[B, h, w, d]` of each level
 * @param masks `[B, h, w]`, 1 = padded, for all levels or for none
 * @param embedding `[L, d]`
 */
function joined(
  maps: readonly Tensor4D[],
  masks: readonly (Tensor3D | undefined)[],
  embedding: Tensor2D,
  position: LevelPositionOptions,
): LevelTokens {
  const [batch, , , width] = (maps[0] as Tensor4D).shape;
  const sizes = maps.map(({ shape: [, height, columns] }) => ({ height, width: columns }));
  const tokens = sizes.reduce((sum, size) => sum + size.height * size.width, 0);
  const rows = (levels: readonly Tensor[]): Tensor2D =>
    reshape<Rank.R2>(
      concat(
        levels.map((x) => reshape(x, [batch, -1, width])),
        1,
      ),
      [batch * tokens, width],
    );
  const positions = sizes.map((size, level) => {
    const sine = sinePositions([batch, size.height, size.width], { ...position, width }, masks[level]);
    return add(sine, slice(embedding, [level, 0], [1, width]));
  });
  const padded = masks.filter((mask) => mask !== undefined);
  const all = { features: rows(maps), positions: rows(positions), sizes };
  if (padded.length === 0) return all;
  if (padded.length < maps.length)
    throw new Error('padding must be given for the batch and every one of its levels, or for none of them');
  return {
    ...all,
    padding: concat(
      padded.map((mask) => reshape<Rank.R2>(mask, [batch, -1])),
      1,
    ) as Tensor2D,
    validSizes: stack(padded.map(validSize), 1) as Tensor3D,
  };
}
