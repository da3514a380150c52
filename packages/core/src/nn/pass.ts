/** Everything in which one pass through a model differs from another, apart from its inputs. */
import type { Tensor, Tensor4D, Tensor5D } from '@tensorflow/tfjs-core';
import type { Dropout } from './dropout.ts';

/** The options of one forward pass that all layers need to know. */
export interface Pass {
  /** B, number of images */
  readonly batch: number;
  /** Left out at inference. */
  readonly dropout?: Dropout | undefined;
  /** Is shown the attention weights `[B, H, Q, K]` of every attention, before dropout, with the attention's name. */
  readonly observe?: ((attention: string, weights: Tensor4D) => void) | undefined;
  /** Is shown what every deformable attention samples, with the attention's name. */
  readonly observeSampling?: ((attention: string, sampling: ObservedSampling) => void) | undefined;
}

/** The samples of a deformable attention. */
export interface ObservedSampling {
  /** Where queries look from, as in `DeformableAttentionInput`: `[B or 1, Q, L or 1, 2 or 4]`. */
  readonly references: Tensor4D;
  /** Positions (x, y) of P points on each of L levels, 0..1 from edge to edge of the level, `[B, Q, H, L, P, 2]`. */
  readonly locations: Tensor;
  /** Weight of each sample, `[B, Q, H, L, P]`; those of a query's head add up to 1. */
  readonly weights: Tensor5D;
}
