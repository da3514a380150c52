/** Duplicate detections of objects, which set prediction is meant to avoid and NMS to remove. */
import { iouAt, nms } from '@dn-detr/boxes';
import { evaluateDetections } from './coco/evaluate.ts';
import type { ImageDetections, ImageTruth } from './coco/images.ts';

/** The number of classes, and the thresholds that define duplicates. */
export interface DuplicateOptions {
  /** K, number of classes. */
  readonly numClasses: number;
  /** Duplicates are counted among detections of at least this score. @defaultValue 0.5 */
  readonly scoreThreshold?: number;
  /** Lowest IoU at which a detection matches an object of its class. @defaultValue 0.5 */
  readonly iouThreshold?: number;
  /**
   * Non-maximum suppression drops a detection whose IoU with a higher-scoring one of its class is above this.
   * @defaultValue 0.7
   */
  readonly nmsThreshold?: number;
}

/** How often objects were detected more than once. */
export interface Duplicates {
  /** Number of annotated objects, without crowds. */
  readonly objects: number;
  /** Number of detections of at least `scoreThreshold`. */
  readonly detections: number;
  /** Number of objects that one of these detections has found. */
  readonly found: number;
  /** Number of detections of objects that a higher-scoring one has already found. */
  readonly duplicates: number;
  /** Duplicates divided by objects; 0 without objects. */
  readonly perObject: number;
  /** COCO's AP of all detections, whatever their score; −1 without objects. */
  readonly AP: number;
  /** COCO's AP after non-maximum suppression in each class. */
  readonly APWithNms: number;
}

/**
 * Counts duplicates, and compares AP with and without non-maximum suppression.
 *
 * The detections of at least the score threshold are processed by descending score. Each takes the object of its class
 * that it overlaps most, among those not yet taken; a detection that only overlaps taken objects is a duplicate.
 *
 * @param truths the objects of each image
 * @param detections the detections of each image, in the same order
 * @throws RangeError as for `evaluateDetections`, and if a threshold is not in 0..1
 */
export function countDuplicates(
  truths: readonly ImageTruth[],
  detections: readonly ImageDetections[],
  { numClasses, scoreThreshold = 0.5, iouThreshold = 0.5, nmsThreshold = 0.7 }: DuplicateOptions,
): Duplicates {
  for (const [name, value] of Object.entries({ scoreThreshold, iouThreshold, nmsThreshold })) {
    if (!(value >= 0 && value <= 1)) throw new RangeError(`expected a ${name} in 0..1, got ${value}`);
  }
  // Evaluate first, because this checks the arguments.
  const { AP } = evaluateDetections(truths, detections, { numClasses });
  const withNms = detections.map((found) => suppress(found, nmsThreshold));
  const counts = { objects: 0, detections: 0, found: 0, duplicates: 0 };
  for (const [image, truth] of truths.entries()) {
    const inImage = countInImage(truth, detections[image] as ImageDetections, scoreThreshold, iouThreshold);
    for (const name of ['objects', 'detections', 'found', 'duplicates'] as const) counts[name] += inImage[name];
  }
  return {
    ...counts,
    perObject: counts.objects === 0 ? 0 : counts.duplicates / counts.objects,
    AP,
    APWithNms: evaluateDetections(truths, withNms, { numClasses }).AP,
  };
}

type Counts = Pick<Duplicates, 'objects' | 'detections' | 'found' | 'duplicates'>;

function countInImage(truth: ImageTruth, found: ImageDetections, scoreThreshold: number, iouThreshold: number): Counts {
  const scoreOf = (n: number) => found.scores[n] as number;
  const sure = Array.from({ length: found.labels.length }, (_, n) => n).filter((n) => scoreOf(n) >= scoreThreshold);
  sure.sort((a, b) => scoreOf(b) - scoreOf(a));
  const objects = Array.from({ length: truth.labels.length }, (_, g) => g).filter((g) => !truth.crowd[g]);
  const [boxes, objectBoxes] = [toXyxy(found.boxes), toXyxy(truth.boxes)];
  const taken = new Set<number>();
  let duplicates = 0;
  for (const n of sure) {
    let best = -1;
    let bestOverlap = iouThreshold;
    let overlapsTaken = false;
    for (const g of objects) {
      if (truth.labels[g] !== found.labels[n]) continue;
      const overlap = iouAt(boxes, 4 * n, objectBoxes, 4 * g, 0);
      // Written so that the NaN of two boxes without area does not count.
      if (!(overlap >= iouThreshold)) continue;
      if (taken.has(g)) overlapsTaken = true;
      else if (overlap >= bestOverlap) {
        best = g;
        bestOverlap = overlap;
      }
    }
    if (best >= 0) taken.add(best);
    else if (overlapsTaken) duplicates++;
  }
  return { objects: objects.length, detections: sure.length, found: taken.size, duplicates };
}

/** The detections that remain after non-maximum suppression in each class. */
function suppress({ labels, boxes, scores }: ImageDetections, iouThreshold: number): ImageDetections {
  const kept = nms(toXyxy(boxes), scores, { iouThreshold, labels });
  const keptBoxes = new Float64Array(4 * kept.length);
  for (const [n, from] of kept.entries()) {
    for (let k = 0; k < 4; k++) keptBoxes[4 * n + k] = boxes[4 * from + k] as number;
  }
  return {
    labels: kept.map((from) => labels[from] as number),
    boxes: keptBoxes,
    scores: Float64Array.from(kept, (from) => scores[from] as number),
  };
}

/** Converts boxes `[N, 4]` of x, y, width, height to corners. */
function toXyxy(boxes: ArrayLike<number>): Float32Array {
  const corners = Float32Array.from(boxes);
  for (let i = 0; i < corners.length; i += 4) {
    corners[i + 2] = (boxes[i] as number) + (boxes[i + 2] as number);
    corners[i + 3] = (boxes[i + 1] as number) + (boxes[i + 3] as number);
  }
  return corners;
}
