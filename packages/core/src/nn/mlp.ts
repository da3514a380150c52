/** Linear layers with ReLU between them: DETR's box head, and DAB-DETR's heads for scales and positions. */
import type { Tensor2D } from '@tensorflow/tfjs-core';
import { biasRelu } from './activation.ts';
import type { Init } from './init.ts';
import { linear } from './linear.ts';
import { type Module, parametersOf } from './module.ts';
import type { ParameterGroup } from './parameters.ts';

/** Sizes of a multi-layer perceptron, and its initialisers. */
export interface MlpOptions {
  /** Widths of the input, of every hidden layer and of the output. */
  readonly widths: readonly number[];
  readonly group: ParameterGroup;
  /** Initialiser of the weights, by default PyTorch's. @defaultValue that of `linear` */
  readonly weight?: Init;
  /** Initialisers of the last layer, where they differ. */
  readonly last?: { readonly weight?: Init; readonly bias?: Init };
}

/**
 * A network from rows `[N, first width]` to rows `[N, last width]`, without an activation after the last layer.
 *
 * @param name the layers are `name.layers.0` and so on, as in DETR's `MLP`
 * @throws if there are fewer than two widths, and therefore no layer
 */
export function mlp(name: string, { widths, group, weight, last = {} }: MlpOptions): Module<Tensor2D, Tensor2D> {
  if (widths.length < 2) throw new Error(`mlp ${name}: expected at least two widths, got [${widths}]`);
  const layers = widths.slice(1).map((outputs, i) => {
    const inputs = widths[i] as number;
    const isLast = i === widths.length - 2;
    const options = { inputs, outputs, group, ...(weight && { weight }) };
    return linear(`${name}.layers.${i}`, { ...options, ...(isLast ? last : { activation: (_, x) => biasRelu(x) }) });
  });
  return {
    parameters: parametersOf(...layers),
    apply: (tensors, x) => layers.reduce((value, layer) => layer.apply(tensors, value), x),
  };
}
