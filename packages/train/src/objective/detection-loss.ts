/** The loss of a batch: forward pass, bipartite matching on the host, and the criterion over known and matching queries. */
import {
  type CriterionOptions,
  criterion,
  type DenseTargets,
  type Detector,
  type FeatureBatch,
  type ForwardOptions,
  type ImageBatch,
  type KnownInputs,
  type LossTargets,
  mergeTargets,
  type NamedTensors,
  type Parts,
  type Predictions,
  type QueryCounts,
  type TargetTensors,
  targetTensors,
} from '@dn-detr/core';
import { type MatchingCost, matchingTargets, matchLayers, type ObjectTargets } from '@dn-detr/matcher';
import { type HostValue, host, hostValue } from '@dn-detr/runtime';
import { argMax, type Scalar, split, type Tensor, type Tensor3D } from '@tensorflow/tfjs-core';

export interface DetectionLossOptions {
  readonly detector: Detector;
  readonly criterion: CriterionOptions;
  readonly matching: MatchingCost;
  /** is told by the host when the predictions are there and when they are matched */
  readonly onPhase?: (phase: 'forward' | 'matching') => void;
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

/** What is logged of a step, beside its loss. */
export type LossTerms = {
  /** `[P, L, 6]`, see `criterion` */
  readonly terms: Tensor3D;
  /** the class of the highest logit, int32 `[L, B, T]` */
  readonly predicted: Tensor3D;
  /** what the predictions were held against */
  readonly matched: HostValue<LossTargets>;
};

export type DetectionLoss = (
  tensors: NamedTensors,
  batch: ImageBatch | FeatureBatch,
  targets: HostValue<BatchTargets>,
  known: KnownInputs | undefined,
  options?: ForwardOptions,
) => { loss: Scalar; aux: LossTerms };

export function detectionLoss(lossOptions: DetectionLossOptions): DetectionLoss {
  const { detector, criterion: criterionOptions } = lossOptions;
  return (tensors, batch, targets, known, options) => {
    const output =
      'features' in batch
        ? detector.forwardFeatures(tensors, batch, known, options)
        : detector.forward(tensors, batch, known, options);
    const knownQueries = known?.labels.shape[1] ?? 0;
    const { dense, matched } = matchOnHost(output, targets, knownQueries, lossOptions);
    const { total, terms } = criterion(output, dense, knownQueries, criterionOptions);
    return { loss: total, aux: { terms, predicted: argMax(output.logits, 3), matched } };
  };
}

/** Reads the matching part of the predictions back once, and makes dense targets for all layers and both parts. */
function matchOnHost(
  output: Predictions,
  targets: HostValue<BatchTargets>,
  known: number,
  { detector, matching, criterion: { classLoss }, onPhase }: DetectionLossOptions,
): { dense: TargetTensors; matched: HostValue<LossTargets> } {
  const { classes: numClasses, queries } = detector;
  const [layers, batch, , classes] = output.logits.shape;
  const matchingPart = (x: Tensor): Tensor => (known === 0 ? x : (split(x, [known, queries], 2)[1] as Tensor));
  const read = [matchingPart(output.logits), matchingPart(output.boxes), targets] as const;
  return host(read, (logits, boxes, { objects, known: knownTargets, counts = {} }) => {
    onPhase?.('forward');
    const predictions = { logits: logits as Float32Array, boxes: boxes as Float32Array };
    const matches = matchLayers({ ...predictions, layers, batch, queries, classes }, objects, matching);
    const parts = {
      matching: matchingTargets(matches, objects, numClasses),
      ...(knownTargets && { known: knownTargets }),
    };
    const merged = mergeTargets(parts, { layers, batch, classLoss, counts });
    onPhase?.('matching');
    return { dense: targetTensors(merged), matched: hostValue(merged) };
  });
}
