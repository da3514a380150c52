/**
 * Known queries as tensors, for models built on tfjs: made from the arrays of `prepareKnownQueries`, parted from the
 * matching queries after the decoder, and turned into a loss. Needs `@dn-detr/core` and `@tensorflow/tfjs-core`.
 */
import { inverseSigmoid } from '@dn-detr/boxes';
import {
  type CriterionOptions,
  type CriterionOutput,
  criterion,
  criterionPresets,
  type KnownInputs,
  mergeTargets,
  type Predictions,
  targetTensors,
} from '@dn-detr/core';
import { split, type Tensor, type Tensor4D, tensor2d, tensor3d } from '@tensorflow/tfjs-core';
import { DnError } from './error.ts';
import type { KnownQueries } from './queries.ts';

/**
 * Labels, anchors and masks of known queries as a decoder takes them; undefined where there are none (K = 0). The tensors
 * are the caller's to dispose.
 *
 * @param anchorEpsilon `eps` of the inverse sigmoid that makes anchors of boxes; 1e-3 as in DN-DETR
 */
export function knownInputs(queries: KnownQueries, anchorEpsilon = 1e-3): KnownInputs | undefined {
  const { labels, boxes, valid, groupMask, keyPadding, layout } = queries;
  const { batch, known, total } = layout;
  if (known === 0) return undefined;
  const anchors = inverseSigmoid(boxes, anchorEpsilon);
  // Padding is 0 after the inverse sigmoid, as the reference leaves it: a box in the middle of the image.
  for (let n = 0; n < valid.length; n++) if (valid[n] === 0) anchors.fill(0, 4 * n, 4 * n + 4);
  return {
    labels: tensor2d(labels, [batch, known], 'int32'),
    anchors: tensor3d(anchors, [batch, known, 4]),
    groupMask: tensor2d(Float32Array.from(groupMask), [total, total]),
    keyPadding: keyPadding && tensor2d(Float32Array.from(keyPadding), [batch, total]),
  };
}

/** Predictions of known and of matching queries. Only the matching ones may go to the bipartite matching. */
export interface SplitPredictions {
  /** logits `[L, B, K, C]`, boxes `[L, B, K, 4]`; undefined where K = 0 */
  readonly known: Predictions | undefined;
  /** logits `[L, B, Q, C]`, boxes `[L, B, Q, 4]` */
  readonly matching: Predictions;
}

/**
 * Parts the outputs of a decoder that was given K known queries and Q matching ones behind them.
 *
 * @param predictions logits `[L, B, T, C]`, boxes `[L, B, T, 4]`
 * @throws DnError if T is not K + Q: queries were added or lost on the way
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
  const [logits, boxes] = [predictions.logits, predictions.boxes].map((x: Tensor) => split(x, [known, matching], 2));
  const part = (index: 0 | 1): Predictions => ({
    logits: logits?.[index] as Tensor4D,
    boxes: boxes?.[index] as Tensor4D,
  });
  return { known: part(0), matching: part(1) };
}

/**
 * The loss of restoring known queries, over all decoder layers, to be added to the loss of the matching ones.
 *
 * @param predictions those of known queries alone: logits `[L, B, K, C]`, boxes `[L, B, K, 4]`
 * @param options the class loss and what each loss counts for; DN-DETR's where left out
 */
export function knownLoss(
  predictions: Predictions,
  { targets, layout }: Pick<KnownQueries, 'targets' | 'layout'>,
  options: CriterionOptions = criterionPresets.dnDetr,
): CriterionOutput {
  const layers = predictions.logits.shape[0];
  const merged = mergeTargets({ known: targets }, { layers, batch: layout.batch, classLoss: options.classLoss });
  return criterion(predictions, targetTensors(merged), layout.known, options);
}
