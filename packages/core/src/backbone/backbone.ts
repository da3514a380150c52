/** The interface of backbones, the networks that turn images into features. */
import { gather, type Tensor3D, type Tensor4D, tensor1d } from '@tensorflow/tfjs-core';
import type { ParameterDeclaration } from '../nn/init.ts';
import type { NamedTensors } from '../nn/named.ts';
import type { Normalization } from './normalization.ts';

/** One of the maps of features that a backbone hands out. */
export interface FeatureLevel {
  readonly channels: number;
  /** Pixels per feature along each axis, rounded up at the edge: H pixels make ⌈H / stride⌉ features. */
  readonly stride: number;
}

/** A network that turns images into one or several levels of features. */
export interface Backbone {
  /** Parameters: those in the group `backbone` are trained, those in `frozen` never change. */
  readonly parameters: readonly ParameterDeclaration[];
  /** Levels that `forward` returns, the finest first. */
  readonly levels: readonly FeatureLevel[];
  /** Normalisation of images that its weights expect, or were trained with. */
  readonly normalization: Normalization;
  /**
   * @param tensors the declared parameters, and any others
   * @param images `[B, H, W, 3]`
   * @returns for each level `[B, h, w, channels]`
   * @throws if a parameter is missing
   */
  forward(tensors: NamedTensors, images: Tensor4D): Tensor4D[];
  /**
   * The same network without what comes after that level: fewer parameters, and `levels` ends with it. Left out where
   * nothing comes after any level.
   *
   * @param level index in `levels`
   */
  upTo?(level: number): Backbone;
}

/**
 * The backbone of a model that takes some of its levels: it hands out these alone, and what comes after the last of them is
 * neither loaded nor computed.
 *
 * @param strides of the levels, in any order; of two levels with one stride the last is taken
 * @param option what the strides are called, for the error
 * @throws RangeError saying which strides there are, if there are no such levels or none are asked for
 */
export function levelsOfStrides(backbone: Backbone, strides: readonly number[], option: string): Backbone {
  const { levels } = backbone;
  const found = strides.map((stride) => levels.findLastIndex((level) => level.stride === stride));
  const indices = [...new Set(found)].sort((a, b) => a - b);
  if (indices.length === 0 || indices.length < strides.length || indices.includes(-1)) {
    const there = [...new Set(levels.map(({ stride }) => stride))].join(', ');
    const one = strides.length === 1 ? 'a stride' : 'strides, each once,';
    throw new RangeError(
      `${option} is ${strides.join(', ')}: expected ${one} that the backbone has features at (${there})`,
    );
  }
  const network = backbone.upTo?.(indices.at(-1) as number) ?? backbone;
  return {
    parameters: network.parameters,
    levels: indices.map((index) => levels[index] as FeatureLevel),
    normalization: network.normalization,
    forward: (tensors, images) => {
      const maps = network.forward(tensors, images);
      return indices.map((index) => maps[index] as Tensor4D);
    },
  };
}

/**
 * The backbone of a model that takes one level.
 *
 * @param stride of the level; of the last of all where left out
 * @throws RangeError saying which strides there are
 */
export function singleLevel(
  backbone: Backbone,
  stride: number = (backbone.levels.at(-1) as FeatureLevel).stride,
): Backbone & { readonly levels: readonly [FeatureLevel] } {
  const cut = levelsOfStrides(backbone, [stride], 'level');
  return { ...cut, levels: [cut.levels[0] as FeatureLevel] };
}

/**
 * The features of a model that takes one level.
 *
 * @param levels of a batch
 * @param model its name, for the error
 * @throws RangeError if there is none or more than one
 */
export function onlyLevel<Level>(levels: readonly Level[], model: string): Level {
  const [level] = levels;
  if (level !== undefined && levels.length === 1) return level;
  throw new RangeError(`got features of ${levels.length} levels: ${model} takes exactly one`);
}

/**
 * The padding mask of features: of the pixel at ⌊i · H / h⌋, as `torch.nn.functional.interpolate` picks the nearest
 * (detr's models/backbone.py).
 *
 * @param mask `[B, H, W]`, 1 = padded
 * @param size `[h, w]` of the features
 * @returns `[B, h, w]`
 */
export function resizeMask(mask: Tensor3D, [height, width]: readonly [number, number]): Tensor3D {
  const rows = gather(mask, nearestIndices(mask.shape[1], height), 1);
  return gather(rows, nearestIndices(mask.shape[2], width), 2);
}

/** In float32, as PyTorch computes them: the product may fall short of a whole number. */
function nearestIndices(from: number, to: number) {
  const scale = Math.fround(from / to);
  const index = (i: number) => Math.min(Math.floor(Math.fround(i * scale)), from - 1);
  return tensor1d(
    Int32Array.from({ length: to }, (_, i) => index(i)),
    'int32',
  );
}
