/** Settings of one pass through a model, apart from its inputs. */
import type { Tensor, Tensor4D, Tensor5D } from '@tensorflow/tfjs-core';
import type { Dropout } from './dropout.ts';

/** The settings of a forward pass that all layers share. */
export interface Pass {
  /** B, number of images. */
  readonly batch: number;
  /** Dropout of a training pass; left out at inference. */
  readonly dropout?: Dropout | undefined;
  /** Receives the name and the attention weights `[B, H, Q, K]`, before dropout, of every attention. */
  readonly observe?: ((attention: string, weights: Tensor4D) => void) | undefined;
  /** Receives the name and the samples of every deformable attention. */
  readonly observeSampling?: ((attention: string, sampling: ObservedSampling) => void) | undefined;
}

/** The samples of a deformable attention. */
export interface ObservedSampling {
  /** References that queries sample around, as in `DeformableAttentionInput`: `[B or 1, Q, L or 1, 2 or 4]`. */
  readonly references: Tensor4D;
  /** x and y of P points on each of L levels, in 0..1 from edge to edge of the level, `[B, Q, H, L, P, 2]`. */
  readonly locations: Tensor;
  /** Weight of each sample, `[B, Q, H, L, P]`; those of one head of a query add up to 1. */
  readonly weights: Tensor5D;
}
