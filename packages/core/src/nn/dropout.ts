/** Dropout (Srivastava et al. 2014) with random numbers passed in, so that a layer remains a pure function. */
import { mul, type Tensor } from '@tensorflow/tfjs-core';
import { withGradient } from './custom-gradient.ts';

/** A source of random numbers, such as `randomStream(seed)` of `@dn-detr/runtime`. */
export interface DropoutSource {
  /** Makes a new tensor of `shape` whose entries are 1 / (1 − rate) with probability 1 − rate, and 0 otherwise. */
  dropoutMask(shape: number[], rate: number): Tensor;
}

/** Dropout in a training pass. */
export interface Dropout {
  /** Share of entries that are dropped: at least 0 and less than 1. */
  readonly rate: number;
  readonly source: DropoutSource;
}

/** Sets a share `rate` of the entries of `x` to 0 and scales up the others; returns `x` itself without `dropout`. */
export function drop<T extends Tensor>(x: T, dropout: Dropout | undefined): T {
  if (dropout === undefined) return x;
  const mask = dropout.source.dropoutMask(x.shape, dropout.rate);
  return withGradient([x], () => ({
    value: mul<T>(x, mask),
    saved: [mask] as const,
    gradient: (dy, [mask]) => [mul(dy, mask)],
  }));
}
