/** Linear layers with ReLU between them: DETR's box head, and the feed-forward part of a transformer layer. */
import type { Tensor2D } from '@tensorflow/tfjs-core';
import { relu } from './activation.ts';
import type { Init, ParameterDeclaration } from './init.ts';
import { declareLinear, type LinearParameters, linear, linearParameters } from './linear.ts';
import type { NamedTensors } from './named.ts';
import type { ParameterGroup } from './parameters.ts';

/**
 * @param x `[N, in]`
 * @param layers applied in order; no activation after the last
 * @returns `[N, out]` of the last layer
 * @throws if there is no layer
 */
export function mlp(x: Tensor2D, layers: readonly LinearParameters[]): Tensor2D {
  if (layers.length === 0) throw new Error('mlp: no layers');
  return layers.reduce((value, layer, i) => linear(i === 0 ? value : relu(value), layer), x);
}

/**
 * Declares `prefix.layers.0` and so on, as DETR's `MLP` names them.
 *
 * @param widths of the input, of every hidden layer and of the output
 * @param weight what the weights start from; PyTorch's default where left out
 * @param last what the last layer starts from, where that differs
 */
export function declareMlp(
  prefix: string,
  {
    widths,
    group,
    weight,
  }: { readonly widths: readonly number[]; readonly group: ParameterGroup; readonly weight?: Init },
  last: { readonly weight?: Init; readonly bias?: Init } = {},
): ParameterDeclaration[] {
  return widths.slice(1).flatMap((outputs, i) => {
    const inputs = widths[i] as number;
    const init = { ...(weight && { weight }), ...(i === widths.length - 2 ? last : {}) };
    return declareLinear(`${prefix}.layers.${i}`, { inputs, outputs, group }, init);
  });
}

/** The layers that `declareMlp` declares; there are `count`. */
export function mlpParameters(tensors: NamedTensors, prefix: string, count: number): LinearParameters[] {
  return Array.from({ length: count }, (_, i) => linearParameters(tensors, `${prefix}.layers.${i}`));
}
