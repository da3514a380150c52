/**
 * Known queries as tensors, for models built on tfjs: made from the arrays of `prepareKnownQueries`, separated from the
 * matching queries after the decoder, and turned into a loss. Requires `@dn-detr/core` and `@tensorflow/tfjs-core`.
 *
 * @module @dn-detr/dn/tfjs
 */
import { criterion, type KnownInputs, type LossTerm, mergeTargets, targetTensors } from '@dn-detr/core';
import type { CriterionOutput, Predictions, QueryCounts } from '@dn-detr/core/loss';
import { scalar, split, type Tensor4D, tensor2d, tensor3d } from '@tensorflow/tfjs-core';
import { knownAnchors } from './anchors.ts';
import { DnError } from './error.ts';
import type { KnownQueries } from './queries.ts';

/**
 * Labels, anchors and masks of known queries as a decoder takes them; undefined if there are none (K = 0). The caller
 * disposes of the tensors.
 *
 * @param anchorEpsilon `eps` of the inverse sigmoid that turns boxes into anchors; 1e-3 as in DN-DETR
 */
export function knownInputs(queries: KnownQueries, anchorEpsilon = 1e-3): KnownInputs | undefined {
  const { labels, groupMask, keyPadding, layout } = queries;
  const { batch, known, total } = layout;
  if (known === 0) return undefined;
  return {
    labels: tensor2d(labels, [batch, known], 'int32'),
    anchors: tensor3d(knownAnchors(queries, anchorEpsilon), [batch, known, 4]),
    groupMask: tensor2d(floatsOf(groupMask), [total, total]),
    keyPadding: keyPadding && tensor2d(Float32Array.from(keyPadding), [batch, total]),
  };
}

/** Group masks as floats; batches with the same layout share one. */
const floatMasks = new WeakMap<Uint8Array, Float32Array>();

function floatsOf(mask: Uint8Array): Float32Array {
  const floats = floatMasks.get(mask) ?? Float32Array.from(mask);
  floatMasks.set(mask, floats);
  return floats;
}

/** Predictions of known and of matching queries. Only the matching ones may go to the bipartite matching. */
export interface SplitPredictions {
  /** Logits `[L, B, K, numLogits]` and boxes `[L, B, K, 4]`; undefined if K = 0. */
  readonly known: Predictions | undefined;
  /** Logits `[L, B, Q, numLogits]` and boxes `[L, B, Q, 4]`. */
  readonly matching: Predictions;
}

/**
 * Splits the predictions of a decoder that took K known queries followed by Q matching ones.
 *
 * @param predictions logits `[L, B, T, numLogits]`, boxes `[L, B, T, 4]`
 * @throws DnError if T is not K + Q, because queries were added or lost
 */
export function splitPredictions(predictions: Predictions, { layout }: Pick<KnownQueries, 'layout'>): SplitPredictions {
  const { known, matching, total } = layout;
  const queries = predictions.logits.shape[2];
  if (queries !== total) {
    throw new DnError(
      `predictions are of ${queries} queries, expected ${total}: ${known} known and ${matching} matching`,
    );
  }
  if (known === 0) return { known: undefined, matching: predictions };
  const [knownLogits, matchingLogits] = split(predictions.logits, [known, matching], 2) as [Tensor4D, Tensor4D];
  const [knownBoxes, matchingBoxes] = split(predictions.boxes, [known, matching], 2) as [Tensor4D, Tensor4D];
  return {
    known: { logits: knownLogits, boxes: knownBoxes },
    matching: { logits: matchingLogits, boxes: matchingBoxes },
  };
}

/**
 * The loss of restoring known queries, over all decoder layers, to be added to the loss of the matching ones.
 *
 * @param predictions predictions of the known queries only: logits `[L, B, K, numLogits]`, boxes `[L, B, K, 4]`;
 *   undefined if K = 0
 * @param terms the terms of the loss: `criterionPresets.dnDetr`, or `.detr` for a model whose last logit is "no object"
 * @param counts with gradient accumulation: `knownCounts` of all micro-batches
 * @returns total and sums `[1, L, W]` of core's `criterion`; if K = 0, a total of 0 without a gradient and empty sums
 *   `[0, 0, 0]`
 * @throws RangeError if the predictions do not have the queries of the targets
 */
export function knownLoss(
  predictions: Predictions | undefined,
  { targets, layout }: Pick<KnownQueries, 'targets' | 'layout'>,
  terms: readonly LossTerm[],
  counts?: QueryCounts,
): CriterionOutput {
  if (predictions === undefined) return { total: scalar(0), sums: tensor3d([], [0, 0, 0]) };
  const layers = predictions.logits.shape[0];
  const merged = mergeTargets(
    { known: targets },
    { layers, batch: layout.batch, terms, counts: counts && { known: counts } },
  );
  return criterion({ ...predictions, known: layout.known }, targetTensors(merged), terms);
}
