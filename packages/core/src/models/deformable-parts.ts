/**
 * Parts shared by Deformable DETR and its successors: tokens of several levels, their encoder, and prediction heads.
 * Source: fundamentalvision/Deformable-DETR `models/{deformable_detr,deformable_transformer}.py`.
 */
import { concat, type Tensor2D, tensor1d } from '@tensorflow/tfjs-core';
import { levelsOfStrides } from '../backbone/backbone.ts';
import type { PredictionSet } from '../loss/predictions.ts';
import { constant, type Init, type ParameterDeclaration } from '../nn/init.ts';
import { linear } from '../nn/linear.ts';
import { mlp } from '../nn/mlp.ts';
import { type Module, parametersOf } from '../nn/module.ts';
import type { NamedTensors } from '../nn/named.ts';
import type { Pass } from '../nn/pass.ts';
import { applyByLayer } from '../transformer/by-layer.ts';
import type { DeformableDecoded } from '../transformer/deformable-decoder.ts';
import { type DeformableLayerOptions, deformableEncoder } from '../transformer/deformable-encoder.ts';
import type { LevelTokens } from '../transformer/levels.ts';
import { checkSizes, type DetectorOptions, type FeatureBatch, type TransformerOutput } from './detector.ts';
import { type LevelPositionOptions, levelTokens } from './level-tokens.ts';
import { byLayer } from './queries.ts';

/** Sizes and options of models with deformable attention. */
export interface DeformableOptions extends DetectorOptions {
  /** Strides of the backbone's levels that the model takes. @defaultValue all levels */
  readonly strides?: readonly number[] | undefined;
  /**
   * L, number of feature levels: at least as many as are taken from the backbone. Strided convolutions make the others.
   * @defaultValue 4
   */
  readonly featureLevels?: number;
  /** Number of points that each head samples on each level. @defaultValue 4 */
  readonly points?: number;
  /** Dropout rate of the transformer. The default depends on the model: 0, or 0.1 for `deformableDetr`. */
  readonly dropout?: number;
}

/**
 * Fills in the defaults of the options and checks them.
 *
 * @param defaults defaults that differ between models
 * @throws RangeError naming the option that no model can be built with
 */
export function deformableSizes(
  options: DeformableOptions,
  defaults: { readonly feedForward: number; readonly dropout: number },
) {
  const { numClasses, queries, width = 256, heads = 8 } = options;
  const { feedForward = defaults.feedForward, dropout = defaults.dropout } = options;
  const { encoderLayers = 6, decoderLayers = 6, featureLevels = 4, points = 4 } = options;
  const sizes = { numClasses, queries, width, heads, feedForward, encoderLayers, decoderLayers, featureLevels, points };
  checkSizes(sizes, { activation: 'relu', dropout });
  const layer: DeformableLayerOptions = {
    ...{ width, heads, feedForward, activation: 'relu', preNorm: false },
    ...{ levels: featureLevels, points },
  };
  const { backbone, strides } = options;
  const taken = strides === undefined ? backbone : levelsOfStrides(backbone, strides, 'strides');
  return { ...sizes, dropout, layer, backbone: taken };
}

/** Turns the features of a batch into the tokens of all levels and encodes them. */
export function encodedTokens(
  { backbone, width, featureLevels, encoderLayers, layer }: ReturnType<typeof deformableSizes>,
  position?: LevelPositionOptions,
): Module<{ readonly batch: FeatureBatch; readonly pass: Pass }, LevelTokens> {
  const embed = levelTokens(backbone.levels, {
    width,
    levels: featureLevels,
    ...(position && { position }),
  });
  const encode = deformableEncoder('transformer.encoder', { ...layer, layers: encoderLayers });
  return {
    parameters: parametersOf(embed, encode),
    apply: (tensors, { batch, pass }) => {
      const tokens = embed.apply(tensors, batch);
      return { ...tokens, features: encode.apply(tensors, { tokens, pass }) };
    },
  };
}

/** Initial probability of every class (Lin et al. 2017, section 4.1). */
const prior = 0.01;

/** A head from rows `[N, d]` to logits, one per class. */
export function classHead(
  name: string,
  { width, numClasses }: { readonly width: number; readonly numClasses: number },
): Module<Tensor2D, Tensor2D> {
  const bias = constant(-Math.log((1 - prior) / prior));
  return linear(name, { inputs: width, outputs: numClasses, group: 'rest', bias });
}

/**
 * A head from rows `[N, d]` to boxes relative to references, before the sigmoid.
 *
 * @param side initial output for width and height
 */
export function boxHead(
  name: string,
  { width, side }: { readonly width: number; readonly side: number },
): Module<Tensor2D, Tensor2D> {
  const bias: Init = () => tensor1d([0, 0, side, side]);
  return mlp(name, { widths: [width, width, width, 4], group: 'rest', last: { weight: constant(0), bias } });
}

/** Numbers and names of the prediction heads of a model with deformable attention. */
export interface HeadOptions {
  readonly width: number;
  readonly numClasses: number;
  /** Number of heads of each kind. */
  readonly count: number;
  /** Prefixes of the heads' names, such as `class_embed`, before `.0` and so on. */
  readonly names: { readonly classes: string; readonly boxes: string };
  /** Initial output of the first box head for width and height, before the sigmoid; 0 for all others. */
  readonly side: number;
}

/** The class and box heads of a model's decoder layers. */
export function deformableHeads({ width, numClasses, count, names, side }: HeadOptions): {
  readonly classes: readonly Module<Tensor2D, Tensor2D>[];
  readonly boxes: readonly Module<Tensor2D, Tensor2D>[];
} {
  const heads = Array.from({ length: count }, (_, i) => i);
  return {
    classes: heads.map((i) => classHead(`${names.classes}.${i}`, { width, numClasses })),
    boxes: heads.map((i) => boxHead(`${names.boxes}.${i}`, { width, side: i === 0 ? side : 0 })),
  };
}

const layerName = /^(transformer\.(?:en|de)coder\.layers)\.\d+\./;
const headName = /^((?:transformer\.decoder\.)?(?:class|bbox)_embed)\.\d+\./;
const encoderHeadName = /^(transformer\.)enc_out_(class|bbox)_embed\./;

/**
 * Marks the parameters that start as copies of the first layer's or head's. The references build one layer and one
 * head, copy them and then redraw only the matrices of layers, so entire heads and the biases of layers remain copies.
 */
export function startAsCopies(parameters: readonly ParameterDeclaration[]): ParameterDeclaration[] {
  return parameters.map((parameter) => {
    const { name, shape } = parameter;
    const ofFirst = name.replace(encoderHeadName, '$1decoder.$2_embed.0.').replace(headName, '$1.0.');
    const copyOf = ofFirst === name && shape.length === 1 ? name.replace(layerName, '$1.0.') : ofFirst;
    return copyOf === name ? parameter : { ...parameter, copyOf };
  });
}

/**
 * Assembles a model's output from the L layers of its decoder. There are anchors only if references are boxes.
 *
 * @param of `known` is K, the number of known queries of each image; `encoderSet` is the second prediction set, of
 *   models that have one
 */
export function deformableOutput(
  tensors: NamedTensors,
  of: {
    readonly decoded: DeformableDecoded;
    readonly classHeads: readonly Module<Tensor2D, Tensor2D>[];
    readonly memory: LevelTokens;
    readonly layers: number;
    readonly images: number;
    readonly known: number;
    readonly encoderSet?: PredictionSet | undefined;
  },
): TransformerOutput {
  const { decoded, classHeads, memory, layers, images, known, encoderSet } = of;
  const areBoxes = decoded.references[0]?.shape[1] === 4;
  return {
    sets: [
      {
        name: 'decoder',
        logits: byLayer(applyByLayer(classHeads, tensors, decoded.hidden), layers, images),
        boxes: byLayer(decoded.boxes, layers, images),
        known,
      },
      ...(encoderSet ? [encoderSet] : []),
    ],
    memory: memory.features,
    hidden: decoded.hidden,
    ...(areBoxes && { anchors: byLayer(concat([...decoded.references], 0), layers, images) }),
  };
}
