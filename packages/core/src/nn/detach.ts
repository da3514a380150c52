/** A tensor cut off from what it was computed of. */
import type { Tensor } from '@tensorflow/tfjs-core';
import { withGradient } from './custom-gradient.ts';

/** The same values, through which no gradient flows: PyTorch's `detach`. */
export function detach<T extends Tensor>(x: T): T {
  return withGradient([], () => ({ value: x.clone() as T, saved: [] as const, gradient: () => [] }));
}
