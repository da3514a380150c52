/** The interface of a backbone, the network that turns images into features, and the selection of its levels. */
import { gather, type Tensor3D, type Tensor4D, tensor1d } from '@tensorflow/tfjs-core';
import type { ParameterDeclaration } from '../nn/init.ts';
import type { NamedTensors } from '../nn/named.ts';
import type { Normalization } from './normalization.ts';

/** One of the feature maps that a backbone returns. */
export interface FeatureLevel {
  readonly channels: number;
  /** Pixels per feature along each axis, rounded up at the edge: H pixels make ⌈H / stride⌉ features. */
  readonly stride: number;
}

/** A network that turns images into one or several levels of features. */
export interface Backbone {
  /** The backbone's parameters: those in the group `backbone` are trained, those in `frozen` never change. */
  readonly parameters: readonly ParameterDeclaration[];
  /** The levels that `forward` returns, the finest first. */
  readonly levels: readonly FeatureLevel[];
  /** Normalisation of images that the weights expect, or were trained with. */
  readonly normalization: Normalization;
  /**
   * Computes the features of images.
   *
   * @param tensors the declared parameters by name; any others are ignored
   * @param images `[B, H, W, 3]`
   * @returns for each level `[B, h, w, channels]`
   * @throws if a parameter is missing
   */
  forward(tensors: NamedTensors, images: Tensor4D): Tensor4D[];
  /**
   * The same network cut off after the given level: it has fewer parameters, and `levels` ends with that level. Left
   * out if nothing follows any level.
   *
   * @param level index in `levels`
   */
  upTo?(level: number): Backbone;
}

/**
 * Restricts a backbone to some of its levels, for models that take only these. Everything after the last of them is
 * neither loaded nor computed.
 *
 * @param strides strides of the levels, in any order; of two levels with the same stride, the later one is taken
 * @param option name of the option that holds the strides, for the error message
 * @throws RangeError listing the strides that exist, if a stride does not exist or none are given
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
 * Restricts a backbone to one level, for models that take a single feature map.
 *
 * @param stride stride of the level; by default that of the backbone's last level
 * @throws RangeError listing the strides that exist
 */
export function singleLevel(
  backbone: Backbone,
  stride: number = (backbone.levels.at(-1) as FeatureLevel).stride,
): Backbone & { readonly levels: readonly [FeatureLevel] } {
  const cut = levelsOfStrides(backbone, [stride], 'level');
  return { ...cut, levels: [cut.levels[0] as FeatureLevel] };
}

/**
 * The features of a model that takes exactly one level.
 *
 * @param levels levels of a batch
 * @param model name of the model, for the error message
 * @throws RangeError if there is no level or more than one
 */
export function onlyLevel<Level>(levels: readonly Level[], model: string): Level {
  const [level] = levels;
  if (level !== undefined && levels.length === 1) return level;
  throw new RangeError(`got features of ${levels.length} levels: ${model} takes exactly one`);
}

/**
 * Resizes a padding mask to the size of features, taking the pixel at ⌊i · H / h⌋, which is the nearest one according
 * to `torch.nn.functional.interpolate` (detr's models/backbone.py).
 *
 * @param mask `[B, H, W]`, 1 = padded
 * @param size `[h, w]` of the features
 * @returns `[B, h, w]`
 */
export function resizeMask(mask: Tensor3D, [height, width]: readonly [number, number]): Tensor3D {
  const rows = gather(mask, nearestIndices(mask.shape[1], height), 1);
  return gather(rows, nearestIndices(mask.shape[2], width), 2);
}

/** Computed in float32, as in PyTorch: the product may fall just short of an integer. */
function nearestIndices(from: number, to: number) {
  const scale = Math.fround(from / to);
  const index = (i: number) => Math.min(Math.floor(Math.fround(i * scale)), from - 1);
  return tensor1d(
    Int32Array.from({ length: to }, (_, i) => index(i)),
    'int32',
  );
}
