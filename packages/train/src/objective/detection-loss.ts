/** The loss of a batch: forward pass, bipartite matching on the host, and the criterion over known and matching queries. */
import {
  criterion,
  type DenseTargets,
  type Detector,
  type FeatureBatch,
  type ForwardOptions,
  type ImageBatch,
  type KnownInputs,
  type LossTargets,
  type LossTerm,
  mergeTargets,
  type NamedTensors,
  type Parts,
  type Predictions,
  type QueryCounts,
  type TargetTensors,
  targetTensors,
} from '@dn-detr/core';
import {
  type LayerMatches,
  type MatchingCost,
  matchingTargets,
  matchLayers,
  type ObjectTargets,
} from '@dn-detr/matcher';
import { host } from '@dn-detr/runtime';
import { argMax, type Scalar, split, type Tensor, type Tensor3D } from '@tensorflow/tfjs-core';

export interface DetectionLossOptions {
  readonly detector: Detector;
  readonly terms: readonly LossTerm[];
  readonly matching: MatchingCost;
}

/** What a batch is to be predicted as. */
export interface BatchTargets {
  /** of each image */
  readonly objects: readonly ObjectTargets[];
  /** of the known queries, where there are any */
  readonly known?: DenseTargets | undefined;
  /** of the whole step, where the batch is one of several micro-batches */
  readonly counts?: Parts<QueryCounts>;
}

/** The host's side of the loss. */
export interface HostSide {
  /** of the batch at hand; asked at every step, because a captured step calls the host anew at each replay */
  targets(): BatchTargets;
  /** is told what was matched with what */
  matched?(matches: LayerMatches, targets: LossTargets): void;
}

/** What is logged of a step, beside its loss. */
export type LossFigures = {
  /** `[P, L, W]`, see `criterion` */
  readonly sums: Tensor3D;
  /** the class of the highest logit, int32 `[L, B, T]` */
  readonly predicted: Tensor3D;
};

export type DetectionLoss = (
  tensors: NamedTensors,
  batch: ImageBatch | FeatureBatch,
  known: KnownInputs | undefined,
  options?: ForwardOptions,
) => { loss: Scalar; aux: LossFigures };

export function detectionLoss({ detector, terms, matching }: DetectionLossOptions, hostSide: HostSide): DetectionLoss {
  return (tensors, batch, known, options) => {
    const output =
      'features' in batch
        ? detector.forwardFeatures(tensors, batch, known, options)
        : detector.forward(tensors, batch, known, options);
    const knownQueries = known?.labels.shape[1] ?? 0;
    const targets = matchOnHost(output, knownQueries, detector, matching, terms, hostSide);
    const { total, sums } = criterion(output, targets, knownQueries, terms);
    return { loss: total, aux: { sums, predicted: argMax(output.logits, 3) } };
  };
}

/** Reads the matching part of the predictions back once, and makes dense targets for all layers and both parts. */
function matchOnHost(
  output: Predictions,
  known: number,
  { classes: numClasses, queries }: Detector,
  matching: MatchingCost,
  terms: readonly LossTerm[],
  hostSide: HostSide,
): TargetTensors {
  const [layers, batch, , classes] = output.logits.shape;
  const matchingPart = (x: Tensor): Tensor => (known === 0 ? x : (split(x, [known, queries], 2)[1] as Tensor));
  const read = [matchingPart(output.logits), matchingPart(output.boxes)];
  return host(read, (logits, boxes) => {
    const { objects, known: knownTargets, counts = {} } = hostSide.targets();
    const predictions = { logits: logits as Float32Array, boxes: boxes as Float32Array };
    const matches = matchLayers({ ...predictions, layers, batch, queries, classes }, objects, matching);
    const parts = {
      matching: matchingTargets(matches, objects, numClasses),
      ...(knownTargets && { known: knownTargets }),
    };
    const merged = mergeTargets(parts, { layers, batch, terms, counts });
    hostSide.matched?.(matches, merged);
    return targetTensors(merged);
  });
}
