/** Dropout (Srivastava et al. 2014) with random numbers from outside, so that a layer stays a pure function. */
import { mul, type Tensor } from '@tensorflow/tfjs-core';
import { withGradient } from './custom-gradient.ts';

/** Where the random numbers come from; `randomStream(seed)` of `@dn-detr/runtime` is one. */
export interface DropoutSource {
  /** A new tensor of `shape`, whose entries are 1 / (1 − rate) with probability 1 − rate and 0 otherwise. */
  dropoutMask(shape: number[], rate: number): Tensor;
}

/** Dropout in a training pass. */
export interface Dropout {
  /** 0 or more and less than 1 */
  readonly rate: number;
  readonly source: DropoutSource;
}

/** `x` with a share `rate` of its entries set to 0 and the others made up for; `x` itself without `dropout`. */
export function drop<T extends Tensor>(x: T, dropout: Dropout | undefined): T {
  if (dropout === undefined) return x;
  const mask = dropout.source.dropoutMask(x.shape, dropout.rate);
  return withGradient([x], () => ({
    value: mul<T>(x, mask),
    saved: [mask] as const,
    gradient: (dy, [mask]) => [mul(dy, mask)],
  }));
}
