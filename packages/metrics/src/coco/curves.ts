/** Precision and recall of a class, computed from its outcomes: `accumulate` in pycocotools' `cocoeval.py`. */
import type { ClassOutcomes } from './match.ts';
import { areaRanges, iouThresholds, maxDetections, recallThresholds } from './protocol.ts';

const T = iouThresholds.length;
const R = recallThresholds.length;
const A = areaRanges.length;
const M = maxDetections.length;
/** `numpy.spacing(1)`. */
const epsilon = 2 ** -52;

/** Curves of K classes, as in pycocotools' `eval`; −1 where a class has no objects of that size. */
export interface Curves {
  /** K, number of classes. */
  readonly numClasses: number;
  /** `[T, R, K, A]`: the best precision at that recall or a higher one, with 100 detections per image and class. */
  readonly precision: Float64Array;
  /** `[T, K, A, M]`: the recall of all detections together. */
  readonly recall: Float64Array;
}

export const emptyCurves = (numClasses: number): Curves => ({
  numClasses,
  precision: new Float64Array(T * R * numClasses * A).fill(-1),
  recall: new Float64Array(T * numClasses * A * M).fill(-1),
});

/** Adds the curves of one class. */
export function addClass({ numClasses, precision, recall }: Curves, label: number, outcomes: ClassOutcomes): void {
  const { count, ranks, right, wrong, objects } = outcomes;
  for (let a = 0; a < A; a++) {
    const toBeFound = objects[a] as number;
    if (toBeFound === 0) continue;
    // The precision so far, at each point where another object is found; between these points it only falls.
    const precisions = new Float64Array(toBeFound);
    for (let t = 0; t < T; t++) {
      const bit = 1 << t;
      const found = new Int32Array(M);
      let hits = 0;
      let misses = 0;
      for (let n = 0; n < count; n++) {
        if ((wrong[A * n + a] as number) & bit) misses++;
        else if ((right[A * n + a] as number) & bit) {
          hits++;
          precisions[hits - 1] = hits / (misses + hits + epsilon);
          for (let m = 0; m < M; m++) {
            if ((ranks[n] as number) < (maxDetections[m] as number)) found[m] = (found[m] as number) + 1;
          }
        }
      }
      for (let m = 0; m < M; m++) {
        recall[((t * numClasses + label) * A + a) * M + m] = (found[m] as number) / toBeFound;
      }

      for (let k = hits - 2; k >= 0; k--) {
        precisions[k] = Math.max(precisions[k] as number, precisions[k + 1] as number);
      }
      let k = 0;
      for (let r = 0; r < R; r++) {
        while (k < hits && (k + 1) / toBeFound < (recallThresholds[r] as number)) k++;
        precision[((t * R + r) * numClasses + label) * A + a] = k < hits ? (precisions[k] as number) : 0;
      }
    }
  }
}
