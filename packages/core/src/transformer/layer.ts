/** What all transformer layers share: their options, residual connections, and the feed-forward part. */
import type { Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';
import { declarePrelu, prelu, relu } from '../nn/activation.ts';
import { addSame } from '../nn/add.ts';
import type { AttentionOptions } from '../nn/attention.ts';
import type { AttentionMask } from '../nn/attention-mask.ts';
import { type Dropout, drop } from '../nn/dropout.ts';
import { type ParameterDeclaration, xavierUniform } from '../nn/init.ts';
import { declareLinear, linear, linearParameters } from '../nn/linear.ts';
import { declareMlp } from '../nn/mlp.ts';
import { type NamedTensors, namedTensor } from '../nn/named.ts';
import { declareNorm, layerNorm, normParameters } from '../nn/norm.ts';
import type { ParameterGroup } from '../nn/parameters.ts';

/** What a layer is made of. */
export interface LayerOptions {
  /** d, the width of its activations */
  readonly width: number;
  readonly heads: number;
  /** width of the hidden layer of the feed-forward part */
  readonly feedForward: number;
  readonly activation: 'relu' | 'prelu';
  /** normalises before each part in place of after it (DETR's `normalize_before`) */
  readonly preNorm: boolean;
}

/** The features of B images as a transformer sees them: each cell of the map is a token, N of them an image. */
export interface Tokens {
  /** `[B*N, d]` */
  readonly features: Tensor2D;
  /** position encodings `[B*N, d]` */
  readonly positions: Tensor2D;
  /** hides padded cells as keys */
  readonly mask?: AttentionMask | undefined;
}

/** One pass through the layers. */
export interface Pass {
  readonly tensors: NamedTensors;
  /** B, number of images */
  readonly batch: number;
  /** none at inference */
  readonly dropout?: Dropout | undefined;
  /** is shown the attention weights `[B, H, Q, K]` of every layer by the name of its attention */
  readonly observe?: ((attention: string, weights: Tensor4D) => void) | undefined;
}

/** The optimiser group of everything but the backbone. */
export const transformerGroup = 'rest' satisfies ParameterGroup;

/** What the attention called `name` is told in this pass. */
export function attentionOptions(
  name: string,
  { batch, dropout, observe }: Pass,
  { heads }: LayerOptions,
  mask: AttentionMask | undefined,
): AttentionOptions {
  return {
    batch,
    heads,
    mask,
    dropout: dropout && ((shape) => dropout.source.dropoutMask(shape, dropout.rate)),
    observe: observe && ((weights) => observe(name, weights)),
  };
}

/**
 * `norm(x + part(x))`, or `x + part(norm(x))` with `preNorm`.
 *
 * @param x `[B*N, d]`
 * @param norm name of the layer normalisation
 * @returns `[B*N, d]`
 */
export function residual(
  x: Tensor2D,
  norm: string,
  part: (x: Tensor2D) => Tensor2D,
  { tensors, dropout }: Pass,
  { preNorm }: LayerOptions,
): Tensor2D {
  const parameters = normParameters(tensors, norm);
  const y = part(preNorm ? layerNorm(x, parameters) : x);
  const sum = addSame(x, drop(y, dropout));
  return preNorm ? sum : layerNorm(sum, parameters);
}

/**
 * The feed-forward part of the layer `prefix`: two linear layers and an activation.
 *
 * @param x `[B*N, d]`
 * @returns `[B*N, d]`
 */
export function feedForward(x: Tensor2D, prefix: string, { tensors, dropout }: Pass, options: LayerOptions): Tensor2D {
  const hidden = linear(x, linearParameters(tensors, `${prefix}.linear1`));
  const active =
    options.activation === 'relu' ? relu(hidden) : prelu(hidden, namedTensor(tensors, `${prefix}.activation.weight`));
  return linear(drop(active, dropout), linearParameters(tensors, `${prefix}.linear2`));
}

/** Declares what `feedForward` uses, and the layer's `norms`, `prefix.norm1` and so on. */
export function declareFeedForward(
  prefix: string,
  norms: number,
  { width, feedForward, activation }: LayerOptions,
): ParameterDeclaration[] {
  const group = transformerGroup;
  return [
    ...declareTransformerLinear(`${prefix}.linear1`, width, feedForward),
    ...declareTransformerLinear(`${prefix}.linear2`, feedForward, width),
    ...Array.from({ length: norms }, (_, i) => declareNorm(`${prefix}.norm${i + 1}`, { width, group })).flat(),
    ...(activation === 'prelu' ? declarePrelu(`${prefix}.activation`, group) : []),
  ];
}

// DETR starts all matrices of the transformer from Xavier's distribution.

export function declareTransformerLinear(prefix: string, inputs: number, outputs: number): ParameterDeclaration[] {
  return declareLinear(prefix, { inputs, outputs, group: transformerGroup }, { weight: xavierUniform });
}

export function declareTransformerMlp(prefix: string, widths: readonly number[]): ParameterDeclaration[] {
  return declareMlp(prefix, { widths, group: transformerGroup, weight: xavierUniform });
}
