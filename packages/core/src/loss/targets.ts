/** Dense loss targets on the host: one class, box and weight for every query, however it was assigned. */
import { checkDenseTargets, type DenseTargets } from '@dn-detr/boxes';
import { type Tensor3D, type Tensor4D, tensor3d, tensor4d } from '@tensorflow/tfjs-core';
import type { PredictionSet } from './predictions.ts';
import type { ClassScales, LossTerm, QueryCounts } from './term.ts';

/**
 * A value for each kind of query. A model without denoising has no `known` part, and a loss of known queries only has
 * no `matching` part.
 */
export interface Parts<T> {
  readonly known?: T;
  readonly matching?: T;
}

/** The loss targets of all queries, known ones first. All weights are already divided by their normalisers. */
export interface LossTargets {
  /** The prediction set that the targets are for. */
  readonly set: PredictionSet['name'];
  /** L, number of layers. */
  readonly layers: number;
  /** B, number of images. */
  readonly batch: number;
  /** K, number of known queries. */
  readonly known: number;
  /** T = K + Q, number of all queries. */
  readonly total: number;
  /** Classes `[L, B, T]`. */
  readonly classes: Int32Array;
  /** Boxes `[L, B, T, 4]`, cxcywh in 0..1. */
  readonly boxes: Float32Array;
  /** Class weights `[L, B, T]`. */
  readonly classWeights: Float32Array;
  /** Box weights `[L, B, T]`. */
  readonly boxWeights: Float32Array;
}

/** The loss targets as tensors, for the criterion. */
export type TargetTensors = {
  /** Classes, int32 `[L, B, T]`. */
  classes: Tensor3D;
  /** Boxes `[L, B, T, 4]`, cxcywh in 0..1. */
  boxes: Tensor4D;
  /** Class weights `[L, B, T]`. */
  classWeights: Tensor3D;
  /** Box weights `[L, B, T]`. */
  boxWeights: Tensor3D;
};

/**
 * The counts of matching queries, which are known before the matching: an image matches as many queries as it has
 * objects, but no more than there are queries.
 *
 * @param objectsPerImage number of objects in each image of a step, over all its micro-batches
 * @param queries Q
 */
export function matchingCounts(objectsPerImage: ArrayLike<number>, queries: number): QueryCounts {
  const images = Array.from(objectsPerImage);
  const objects = images.reduce((sum, count) => sum + Math.min(count, queries), 0);
  const normalizer = Math.max(
    1,
    images.reduce((sum, count) => sum + count, 0),
  );
  return { objects, background: images.length * queries - objects, normalizer };
}

/** The counts of known queries, from their targets in all micro-batches of a step. */
export function knownCounts(microBatches: readonly DenseTargets[]): QueryCounts {
  const counts = microBatches.map((targets) => countQueries(targets, 1));
  const total = (key: keyof QueryCounts) => counts.reduce((sum, count) => sum + count[key], 0);
  return { objects: total('objects'), background: total('background'), normalizer: total('normalizer') };
}

/** Options for merging the targets of a batch. */
export interface MergeOptions {
  /** The prediction set that the targets are for. @defaultValue 'decoder' */
  readonly set?: PredictionSet['name'];
  readonly layers: number;
  readonly batch: number;
  /** The terms of the criterion, one of which may define the normalisation of class weights. */
  readonly terms: readonly LossTerm[];
  /** Counts of the entire step, from `matchingCounts` and `knownCounts`; needed only for gradient accumulation. */
  readonly counts?: Parts<QueryCounts> | undefined;
}

/**
 * Joins the targets of both parts for every layer and divides their weights by the normalisers: box weights by
 * `normalizer`, and class weights too unless a term has `classScales`. If the normaliser is 0, all weights are 0.
 *
 * @throws RangeError if the arrays of a part do not fit the layers and images, a normaliser is negative or not finite,
 *   or several terms have `classScales`
 */
export function mergeTargets(
  { known, matching }: Parts<DenseTargets>,
  { set = 'decoder', layers, batch, terms, counts = {} }: MergeOptions,
): LossTargets {
  const knownSize = known === undefined ? 0 : checkDenseTargets(known, batch, 'known targets [B, K]');
  const matchingSize =
    matching === undefined ? 0 : checkDenseTargets(matching, layers * batch, 'matching targets [L, B, Q]');
  const total = knownSize + matchingSize;
  const merged = {
    set,
    layers,
    batch,
    known: knownSize,
    total,
    classes: new Int32Array(layers * batch * total),
    boxes: new Float32Array(4 * layers * batch * total),
    classWeights: new Float32Array(layers * batch * total),
    boxWeights: new Float32Array(layers * batch * total),
  };
  if (known !== undefined) {
    const scales = scalesOf(counts.known ?? countQueries(known, 1), terms);
    // Every layer has the same targets.
    for (let row = 0; row < layers * batch; row++) {
      copyRow(known, (row % batch) * knownSize, merged, row * total, knownSize, scales);
    }
  }
  if (matching !== undefined) {
    const scales = scalesOf(counts.matching ?? countQueries(matching, layers), terms);
    for (let row = 0; row < layers * batch; row++) {
      copyRow(matching, row * matchingSize, merged, row * total + knownSize, matchingSize, scales);
    }
  }
  return merged;
}

/** Converts merged targets to tensors, which may share memory with the arrays. */
export function targetTensors(targets: LossTargets): TargetTensors {
  const { layers, batch, total } = targets;
  const shape: [number, number, number] = [layers, batch, total];
  return {
    classes: tensor3d(targets.classes, shape, 'int32'),
    boxes: tensor4d(targets.boxes, [...shape, 4]),
    classWeights: tensor3d(targets.classWeights, shape),
    boxWeights: tensor3d(targets.boxWeights, shape),
  };
}

/** Factors that weights are multiplied by. */
interface Scales {
  readonly class: ClassScales;
  readonly box: number;
}

function scalesOf(counts: QueryCounts, terms: readonly LossTerm[]): Scales {
  const [scaling, ...others] = terms.filter(({ classScales }) => classScales !== undefined);
  if (others.length > 0) {
    const names = [scaling, ...others].map((term) => term?.name).join(', ');
    throw new RangeError(`the loss terms ${names} all say how class weights are normalised: only one of them can`);
  }
  if (counts.normalizer === 0) return { class: { object: 0, background: 0 }, box: 0 };
  const box = 1 / counts.normalizer;
  return { class: scaling?.classScales?.(counts) ?? { object: box, background: box }, box };
}

function countQueries({ classWeights, boxWeights, normalizer }: DenseTargets, layers: number): QueryCounts {
  let [objects, background] = [0, 0];
  for (let n = 0; n < boxWeights.length; n++) {
    if ((boxWeights[n] as number) > 0) objects++;
    else if ((classWeights[n] as number) > 0) background++;
  }
  return { objects: objects / layers, background: background / layers, normalizer };
}

/** Copies `size` queries of one image and layer. */
function copyRow(from: DenseTargets, start: number, to: LossTargets, at: number, size: number, scales: Scales): void {
  to.classes.set(from.classes.subarray(start, start + size), at);
  to.boxes.set(from.boxes.subarray(4 * start, 4 * (start + size)), 4 * at);
  for (let i = 0; i < size; i++) {
    const boxWeight = from.boxWeights[start + i] as number;
    const classScale = boxWeight > 0 ? scales.class.object : scales.class.background;
    to.classWeights[at + i] = (from.classWeights[start + i] as number) * classScale;
    to.boxWeights[at + i] = boxWeight * scales.box;
  }
}
