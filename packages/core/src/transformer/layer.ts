/** Parts shared by all transformer layers: their sizes, residual connections and the feed-forward part. */
import type { Tensor2D } from '@tensorflow/tfjs-core';
import { biasRelu, prelu } from '../nn/activation.ts';
import { addSame } from '../nn/add.ts';
import type { AttentionMask } from '../nn/attention-mask.ts';
import { drop } from '../nn/dropout.ts';
import { xavierUniform } from '../nn/init.ts';
import { linear } from '../nn/linear.ts';
import { mlp } from '../nn/mlp.ts';
import { type Module, parametersOf } from '../nn/module.ts';
import { layerNorm } from '../nn/norm.ts';
import type { Pass } from '../nn/pass.ts';

/** Sizes and options of a transformer layer. */
export interface LayerOptions {
  /** d, the width of the activations. */
  readonly width: number;
  readonly heads: number;
  /** Width of the hidden layer in the feed-forward part. */
  readonly feedForward: number;
  readonly activation: 'relu' | 'prelu';
  /** Whether to normalise before each part instead of after it (DETR's `normalize_before`). */
  readonly preNorm: boolean;
}

/**
 * The features of B images as a transformer sees them: each cell of the feature map is a token, with N tokens per
 * image.
 */
export interface Tokens {
  /** Features `[B*N, d]`. */
  readonly features: Tensor2D;
  /** Position encodings `[B*N, d]`. */
  readonly positions: Tensor2D;
  /** Mask that hides padded cells as keys. */
  readonly mask?: AttentionMask | undefined;
}

/** Input of the residual parts of a transformer layer. */
export interface ResidualInput {
  /** Activations `[B*N, d]`. */
  readonly x: Tensor2D;
  /** The layer's attentions, each from rows `[B*N, d]` to the rows that are added to them. */
  readonly attentions: readonly ((x: Tensor2D) => Tensor2D)[];
  readonly pass: Pass;
}

/**
 * The attentions of a layer followed by its feed-forward part, each in a residual connection with a separate norm:
 * `norm(x + part(x))`, or `x + part(norm(x))` with `preNorm`. The feed-forward part is two linear layers with an
 * activation between them. The output is `[B*N, d]`.
 *
 * @param name name of the layer: the parameters are those of `name.linear1`, `name.linear2`, `name.norm1` and so on,
 *   and with PReLU those of `name.activation`
 * @param attentions number of attentions
 * @param normNumbers numbers in the names of the norms, in the order of the parts; 1, 2 and so on by default
 */
export function residualParts(
  name: string,
  attentions: number,
  { width, feedForward, activation, preNorm }: LayerOptions,
  normNumbers: readonly number[] = Array.from({ length: attentions + 1 }, (_, i) => i + 1),
): Module<ResidualInput, Tensor2D> {
  const linear2 = transformerLinear(`${name}.linear2`, feedForward, width);
  const norms = normNumbers.map((number) => layerNorm(`${name}.norm${number}`, { width, group: 'rest' }));
  const bend = activation === 'prelu' ? prelu(`${name}.activation`, 'rest') : undefined;
  const linear1 = linear(`${name}.linear1`, {
    inputs: width,
    outputs: feedForward,
    group: 'rest',
    weight: xavierUniform,
    activation: (tensors, x) => (bend === undefined ? biasRelu(x) : bend.apply(tensors, x)),
  });
  return {
    parameters: parametersOf(linear1, linear2, ...norms, bend),
    apply: (tensors, { x, attentions, pass: { dropout } }) => {
      const feed = (x: Tensor2D): Tensor2D => {
        return linear2.apply(tensors, drop(linear1.apply(tensors, x), dropout));
      };
      const parts = [...attentions, feed];
      return norms.reduce((x, norm, i) => {
        const part = parts[i] as (x: Tensor2D) => Tensor2D;
        const y = part(preNorm ? norm.apply(tensors, x) : x);
        const sum = addSame(x, drop(y, dropout));
        return preNorm ? sum : norm.apply(tensors, sum);
      }, x);
    },
  };
}

// DETR initialises all matrices of the transformer from Xavier's distribution.

/** A linear layer with the initialisation of the references' transformers. */
export function transformerLinear(name: string, inputs: number, outputs: number): Module<Tensor2D, Tensor2D> {
  return linear(name, { inputs, outputs, group: 'rest', weight: xavierUniform });
}

/** A multi-layer perceptron with the initialisation of the references' transformers. */
export function transformerMlp(name: string, widths: readonly number[]): Module<Tensor2D, Tensor2D> {
  return mlp(name, { widths, group: 'rest', weight: xavierUniform });
}
