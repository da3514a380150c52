/** What differs from one pass through a model to another, apart from its inputs. */
import type { Tensor4D } from '@tensorflow/tfjs-core';
import type { Dropout } from './dropout.ts';

export interface Pass {
  /** B, number of images */
  readonly batch: number;
  /** Left out at inference. */
  readonly dropout?: Dropout | undefined;
  /** Is shown the attention weights `[B, H, Q, K]` of every attention, before dropout, with the attention's name. */
  readonly observe?: ((attention: string, weights: Tensor4D) => void) | undefined;
}
