/** Tensors without gradient. */
import type { Tensor } from '@tensorflow/tfjs-core';
import { withGradient } from './custom-gradient.ts';

/** The same values, through which no gradient flows: PyTorch's `detach`. */
export const detach = <T extends Tensor>(x: T): T => withoutGradient(() => x.clone() as T);

/** The result of `compute`, with nothing recorded for a gradient, so that recording costs neither time nor memory. */
export function withoutGradient<T extends Tensor>(compute: () => T): T {
  return withGradient([], () => ({ value: compute(), saved: [] as const, gradient: () => [] }));
}
