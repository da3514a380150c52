/** The loss of a batch: forward pass, bipartite matching on the host, and the criterion over known and matching queries. */
import type { DenseTargets, Objects } from '@dn-detr/boxes';
import {
  criterion,
  type Detector,
  type ImageBatch,
  type KnownInputs,
  type LossTerm,
  mergeTargets,
  type NamedTensors,
  type PredictionSet,
  targetTensors,
} from '@dn-detr/core';
import {
  errorFigures,
  type LoggedFigure,
  type LossTargets,
  lossFigures,
  matchingCounts,
  type QueryCounts,
  type TargetTensors,
} from '@dn-detr/core/loss';
import type { FeatureBatch, ForwardOptions } from '@dn-detr/core/models';
import { matchingTargets, matchLayers } from '@dn-detr/matcher';
import { type HostValue, host, hostValue, readHostValue } from '@dn-detr/runtime';
import { add, argMax, type Scalar, split, type Tensor, type Tensor3D } from '@tensorflow/tfjs-core';
import { forward } from '../model-batch.ts';
import { numLogitsOf, type Objective } from './objective.ts';

export interface DetectionLossOptions extends Pick<Objective, 'head' | 'terms' | 'matching'> {
  readonly detector: Detector;
  /** Called on the host when the predictions are there and when they are matched. */
  readonly onPhase?: (phase: 'forward' | 'matching') => void;
}

/** The targets of a batch. */
export interface BatchTargets {
  /** The objects of each image. */
  readonly objects: readonly Objects[];
  /** The targets of the known queries, if there are any. */
  readonly known?: DenseTargets | undefined;
  /**
   * Counts over the complete step, if the batch is one of several micro-batches: the objects of all images, and the
   * known queries.
   */
  readonly whole?:
    | { readonly objectsPerImage: readonly number[]; readonly known?: QueryCounts | undefined }
    | undefined;
}

/** The figures that are logged for a step in addition to its loss, for each prediction set in order. */
export type LossFigures = {
  readonly sets: SetFigures[];
  /** The targets that each set was matched with. */
  readonly matched: HostValue<readonly LossTargets[]>;
};

export type SetFigures = {
  /** Sums of the loss terms, `[P, L, W]`; see `criterion`. */
  readonly sums: Tensor3D;
  /** Index of the highest logit, int32 `[L, B, T]`. */
  readonly predicted: Tensor3D;
};

/** Computes the loss of a batch from the parameters, and the figures to log. */
export type DetectionLoss = (
  tensors: NamedTensors,
  batch: ImageBatch | FeatureBatch,
  targets: HostValue<BatchTargets>,
  known: KnownInputs | undefined,
  options?: ForwardOptions,
) => { loss: Scalar; aux: LossFigures };

/**
 * Creates the loss function of a model.
 *
 * @returns a function that throws an Error if the model predicts a number of logits that does not suit the head, or
 *   does not separate its known queries
 */
export function detectionLoss(options: DetectionLossOptions): DetectionLoss {
  const { detector, head, terms } = options;
  return (tensors, batch, targets, known, forwardOptions) => {
    const { sets } = forward(detector, tensors, batch, known, forwardOptions);
    requireKnown(sets[0], known?.labels.shape[1] ?? 0);
    requireLogits(sets, head, detector.numClasses);
    const { dense, matched } = matchOnHost(sets, targets, options);
    const results = sets.map((set, i) => {
      const { total, sums } = criterion(set, dense[i] as TargetTensors, terms);
      return { total, figures: { sums, predicted: argMax<Tensor3D>(set.logits, 3) } };
    });
    const loss = results.map(({ total }) => total).reduce((sum, total) => add(sum, total));
    return { loss, aux: { sets: results.map(({ figures }) => figures), matched } };
  };
}

/**
 * Reads back the figures that are logged for a batch.
 *
 * @param lastLogit the index of the last logit, `numLogits - 1`
 */
export function loggedFigures(
  { sets, matched }: LossFigures,
  terms: readonly LossTerm[],
  objects: readonly { readonly labels: ArrayLike<number> }[],
  lastLogit: number,
): LoggedFigure[] {
  const objectsPerImage = objects.map(({ labels }) => labels.length);
  return readHostValue(matched).flatMap((of, i) => {
    const { sums, predicted } = sets[i] as SetFigures;
    return [
      ...lossFigures(sums.dataSync(), terms, of),
      ...errorFigures(predicted.dataSync(), of, objectsPerImage, lastLogit),
    ];
  });
}

/** Checks that the model separates its known queries; otherwise they would be matched like all others. */
function requireKnown({ known }: PredictionSet, given: number): void {
  if (known !== given) {
    throw new Error(
      `the model was given ${given} known queries, but ${known} of its decoder's predictions are of known queries`,
    );
  }
}

/**
 * Checks the number of logits. With one too few, a class would be taken for "no object"; with one too many, "no object"
 * for a class.
 */
function requireLogits(sets: readonly PredictionSet[], head: Objective['head'], numClasses: number): void {
  const expected = numLogitsOf(head, numClasses);
  for (const { name, logits } of sets) {
    const numLogits = logits.shape[3];
    if (numLogits === expected) continue;
    const meaning = head === 'softmax' ? 'one for each and the last for "no object"' : 'one for each';
    throw new Error(
      `the ${name} predicts ${numLogits} logits, but an objective with a ${head} head takes ${expected} for ${numClasses} classes, ${meaning}: build the model with ${expected} logits, or give it an objective with another head`,
    );
  }
}

const ofClass0 = ({ labels, boxes }: Objects): Objects => ({ labels: new Int32Array(labels.length), boxes });

/**
 * Reads back the predictions of matching queries once, and creates dense targets for all layers, of matching and known
 * queries.
 */
function matchOnHost(
  sets: readonly PredictionSet[],
  targets: HostValue<BatchTargets>,
  { detector, matching, terms, onPhase }: DetectionLossOptions,
): { dense: TargetTensors[]; matched: HostValue<readonly LossTargets[]> } {
  const shapes = sets.map(({ name, known, classAgnostic = false, logits: { shape } }) => {
    const [layers, batch, total, numLogits] = shape;
    const queries = total - known;
    return { name, known, classAgnostic, layers, batch, queries, numLogits, numClasses: detector.numClasses };
  });
  const matchingPart = (x: Tensor, known: number): Tensor =>
    known === 0 ? x : (split(x, [known, (x.shape[2] as number) - known], 2)[1] as Tensor);
  const read = sets.flatMap(({ logits, boxes, known }) => [matchingPart(logits, known), matchingPart(boxes, known)]);
  return host([targets, ...read], ({ objects, known: knownTargets, whole }, ...values) => {
    onPhase?.('forward');
    const merged = shapes.map(({ name, known, classAgnostic, ...shape }, i) => {
      const [logits, boxes] = values.slice(2 * i) as [Float32Array, Float32Array];
      const wanted = classAgnostic ? objects.map(ofClass0) : objects;
      const matches = matchLayers({ ...shape, logits, boxes }, wanted, matching);
      const parts = {
        matching: matchingTargets(matches, wanted, detector.numClasses),
        ...(known > 0 && knownTargets && { known: knownTargets }),
      };
      const counts = whole && {
        matching: matchingCounts(whole.objectsPerImage, shape.queries),
        ...(whole.known && { known: whole.known }),
      };
      return mergeTargets(parts, { set: name, layers: shape.layers, batch: shape.batch, terms, counts });
    });
    onPhase?.('matching');
    return { dense: merged.map(targetTensors), matched: hostValue(merged) };
  });
}
