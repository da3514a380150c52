/** The objects and detections of all images, one image after another, with access by class. */
import type { ImageDetections, ImageTruth } from './images.ts';

interface FlatBoxes {
  /** `[n]`: indices of images, ascending. */
  readonly images: Int32Array;
  /** Boxes `[n, 4]`. */
  readonly boxes: Float64Array;
  /** The boxes of a class, as indices into the arrays above. */
  readonly ofClass: (label: number) => Int32Array;
}

/** Objects; those of each class are in the order of images, then of objects. */
export interface FlatTruths extends FlatBoxes {
  /** Areas `[n]`. */
  readonly areas: Float64Array;
  /** 1 for crowds, `[n]`. */
  readonly crowd: Uint8Array;
  /** `[n]`: 1 for crowds and other objects that need not be found. */
  readonly ignore: Uint8Array;
  /** `[n]`: 1 for objects that pycocotools never counts as found. */
  readonly neverFound: Uint8Array;
}

/**
 * Detections; those of each class are by descending score, NaN last, with ties in the order of images, then of
 * detections.
 */
export type FlatDetections = FlatBoxes;

export function flattenTruths(truths: readonly ImageTruth[], numClasses: number): FlatTruths {
  const { labels, images, boxes } = flatten(truths);
  const areas = new Float64Array(labels.length);
  const crowd = new Uint8Array(labels.length);
  const ignore = new Uint8Array(labels.length);
  const neverFound = new Uint8Array(labels.length);
  let at = 0;
  for (const truth of truths) {
    for (let object = 0; object < truth.labels.length; object++, at++) {
      areas[at] = truth.areas[object] as number;
      crowd[at] = truth.crowd[object] ? 1 : 0;
      ignore[at] = truth.crowd[object] || truth.ignore?.[object] ? 1 : 0;
      neverFound[at] = truth.ids?.[object] === 0 ? 1 : 0;
    }
  }
  const order = Int32Array.from(labels.keys());
  return { images, boxes, ofClass: byClass(order, labels, numClasses), areas, crowd, ignore, neverFound };
}

export function flattenDetections(detections: readonly ImageDetections[], numClasses: number): FlatDetections {
  const { labels, images, boxes } = flatten(detections);
  const scores = new Float64Array(labels.length);
  let at = 0;
  for (const found of detections) {
    for (let n = 0; n < found.scores.length; n++) scores[at++] = found.scores[n] as number;
  }
  const order = Int32Array.from(labels.keys());
  // Sorting is stable.
  order.sort((a, b) => byFallingScore(scores[a] as number, scores[b] as number));
  return { images, boxes, ofClass: byClass(order, labels, numClasses) };
}

/** The order in which numpy sorts the negated scores. */
function byFallingScore(a: number, b: number): number {
  if (a > b) return -1;
  return a < b ? 1 : Number(Number.isNaN(a)) - Number(Number.isNaN(b));
}

function flatten(sets: readonly Pick<ImageDetections, 'labels' | 'boxes'>[]): {
  labels: Int32Array;
  images: Int32Array;
  boxes: Float64Array;
} {
  const total = sets.reduce((sum, { labels }) => sum + labels.length, 0);
  const labels = new Int32Array(total);
  const images = new Int32Array(total);
  const boxes = new Float64Array(4 * total);
  let at = 0;
  for (const [image, set] of sets.entries()) {
    for (let n = 0; n < set.labels.length; n++, at++) {
      labels[at] = set.labels[n] as number;
      images[at] = image;
      for (let k = 0; k < 4; k++) boxes[4 * at + k] = set.boxes[4 * n + k] as number;
    }
  }
  return { labels, images, boxes };
}

/** Sorts indices by their labels, keeping the order within each class; returns the part of a class. */
function byClass(order: Int32Array, labels: Int32Array, numClasses: number): (label: number) => Int32Array {
  const starts = new Int32Array(numClasses + 1);
  for (const label of labels) starts[label + 1] = (starts[label + 1] as number) + 1;
  for (let label = 0; label < numClasses; label++) {
    starts[label + 1] = (starts[label + 1] as number) + (starts[label] as number);
  }
  const sorted = new Int32Array(order.length);
  const next = starts.slice();
  for (const n of order) {
    const label = labels[n] as number;
    const place = next[label] as number;
    sorted[place] = n;
    next[label] = place + 1;
  }
  return (label) => sorted.subarray(starts[label], starts[label + 1]);
}
