/** Applies a decoder's prediction heads: one per layer, or one shared by all layers. */
import { concat, split, type Tensor2D } from '@tensorflow/tfjs-core';
import type { Module } from '../nn/module.ts';
import type { NamedTensors } from '../nn/named.ts';

/**
 * Applies heads to the outputs of all layers.
 *
 * @param heads one per layer, or a single one for all layers
 * @param hidden `[L*N, d]`, one layer after another
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
