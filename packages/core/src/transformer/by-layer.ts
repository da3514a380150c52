/** Heads of a decoder, of which each layer has its own or all have the same. */
import { concat, split, type Tensor2D } from '@tensorflow/tfjs-core';
import type { Module } from '../nn/module.ts';
import type { NamedTensors } from '../nn/named.ts';

/**
 * What heads make of the outputs of all layers.
 *
 * @param heads one for each layer, or one for all
 * @param hidden `[L*N, d]`, one layer after the other
 * @returns `[L*N, k]`
 */
export function applyByLayer(
  heads: readonly Module<Tensor2D, Tensor2D>[],
  tensors: NamedTensors,
  hidden: Tensor2D,
): Tensor2D {
  const [first, ...others] = heads as [Module<Tensor2D, Tensor2D>];
  if (others.length === 0) return first.apply(tensors, hidden);
  const layers = split(hidden, heads.length, 0);
  return concat(
    heads.map((head, i) => head.apply(tensors, layers[i] as Tensor2D)),
    0,
  );
}
