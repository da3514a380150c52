/** The predictions of a model. */
import type { Tensor4D } from '@tensorflow/tfjs-core';

// Types, not interfaces: only types count as tensor containers.
/**
 * Predictions for T queries in each of L layers. `numLogits` is `numClasses`, or one more where the last logit means
 * "no object".
 */
export type Predictions = {
  /** Logits `[L, B, T, numLogits]`. */
  logits: Tensor4D;
  /** Boxes `[L, B, T, 4]`, cxcywh in 0..1. */
  boxes: Tensor4D;
};

/**
 * The predictions of one part of a model for one set of queries. Every set is matched with the objects and has its own
 * losses.
 */
export type PredictionSet = Predictions & {
  /**
   * The part of the model: the decoder, or the encoder of a two-stage model, whose predictions the decoder starts from.
   */
  name: 'decoder' | 'encoder';
  /** K: the first K of T queries are known queries (denoising queries), which bypass the matching. */
  known: number;
  /**
   * Whether the set is trained only to tell objects from background: every object then has class 0. @defaultValue false
   */
  classAgnostic?: boolean;
};
