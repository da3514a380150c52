/** Decides which detections of a class are right and which are wrong: `evaluateImg` in pycocotools' `cocoeval.py`. */
import type { FlatDetections, FlatTruths } from './flatten.ts';
import { type AreaRange, areaRanges, iouThresholds, maxDetections } from './protocol.ts';

/** The detections of a class that count, in all images, by descending score. */
export interface ClassOutcomes {
  /** n, number of detections. */
  readonly count: number;
  /** `[n]`: how many detections of the same image and class have a higher score. */
  readonly ranks: Uint8Array;
  /** `[n, A]`: bit t is set if the detection has found an object at IoU threshold t. */
  readonly right: Uint16Array;
  /** `[n, A]`: bit t is set if the detection has found no object and is not to be ignored. */
  readonly wrong: Uint16Array;
  /** `[A]`: number of objects to be found. */
  readonly objects: Int32Array;
}

const thresholds = iouThresholds.length;
const areas = areaRanges.length;
const perImage = maxDetections[2];
const allThresholds = (1 << thresholds) - 1;

/** Both sides of a comparison, for the same images. */
export interface Sides {
  readonly imageCount: number;
  readonly truths: FlatTruths;
  readonly detections: FlatDetections;
}

/** Matches the detections of one class with its objects, in all images. */
export function matchClass(label: number, { imageCount, truths, detections }: Sides): ClassOutcomes {
  const { kept, ranks, ofImage } = keepBest(detections.ofClass(label), detections.images, imageCount);
  const outcomes = { count: kept.length, ranks, ...unmatched(kept, detections), objects: new Int32Array(areas) };
  const objects = truths.ofClass(label);
  for (let from = 0, to = 0; from < objects.length; from = to) {
    const image = truths.images[objects[from] as number] as number;
    while (to < objects.length && truths.images[objects[to] as number] === image) to++;
    const inImage = objects.subarray(from, to);
    const places = ofImage(image);
    const found = places.map((place) => kept[place] as number);
    matchImage(truths, inImage, places, overlapsOf(truths, inImage, detections, found), outcomes);
  }
  return outcomes;
}

/**
 * Selects the detections that count.
 *
 * @param candidates detections by descending score
 * @param images images of all detections
 */
function keepBest(
  candidates: Int32Array,
  images: Int32Array,
  imageCount: number,
): {
  /** Selected detections, by descending score. */
  kept: Int32Array;
  ranks: Uint8Array;
  /** Positions in `kept` of an image's detections, by descending score. */
  ofImage: (image: number) => Int32Array;
} {
  const counts = new Int32Array(imageCount);
  const kept = new Int32Array(candidates.length);
  const ranks = new Uint8Array(candidates.length);
  let count = 0;
  for (const detection of candidates) {
    const image = images[detection] as number;
    const rank = counts[image] as number;
    if (rank === perImage) continue;
    counts[image] = rank + 1;
    kept[count] = detection;
    ranks[count++] = rank;
  }
  const starts = new Int32Array(imageCount + 1);
  for (let image = 0; image < imageCount; image++) {
    starts[image + 1] = (starts[image] as number) + (counts[image] as number);
  }
  const places = new Int32Array(count);
  for (let n = 0; n < count; n++) {
    places[(starts[images[kept[n] as number] as number] as number) + (ranks[n] as number)] = n;
  }
  return {
    kept: kept.subarray(0, count),
    ranks: ranks.subarray(0, count),
    ofImage: (image) => places.subarray(starts[image], starts[image + 1]),
  };
}

/** The initial outcomes: a detection that has not found an object is wrong, unless its area is out of range. */
function unmatched(kept: Int32Array, { boxes }: FlatDetections): Pick<ClassOutcomes, 'right' | 'wrong'> {
  const wrong = new Uint16Array(areas * kept.length);
  for (const [n, detection] of kept.entries()) {
    const area = (boxes[4 * detection + 2] as number) * (boxes[4 * detection + 3] as number);
    for (let a = 0; a < areas; a++) {
      const { least, most } = areaRanges[a] as AreaRange;
      // An area of NaN is in every range.
      if (!(area < least || area > most)) wrong[areas * n + a] = allThresholds;
    }
  }
  return { right: new Uint16Array(wrong.length), wrong };
}

/**
 * Matches the detections of an image, the highest-scoring first, with the object that each overlaps most.
 *
 * @param objects `[G]`: the image's objects
 * @param places `[D]`: positions of the image's detections among the outcomes, by descending score
 * @param overlaps `[D, G]`
 */
function matchImage(
  { areas: objectAreas, crowd, ignore, neverFound }: FlatTruths,
  objects: Int32Array,
  places: Int32Array,
  overlaps: Float64Array,
  { right, wrong, objects: toBeFound }: ClassOutcomes,
): void {
  const G = objects.length;
  const D = places.length;
  const isCrowd = objects.map((object) => crowd[object] as number);
  const isTaken = new Uint8Array(G);
  for (let a = 0; a < areas; a++) {
    const { least, most } = areaRanges[a] as AreaRange;
    const isIgnored = objects.map((object) => {
      const area = objectAreas[object] as number;
      return ignore[object] || area < least || area > most ? 1 : 0;
    });
    // Objects to be found come first.
    const order = Int32Array.from(objects.keys()).sort((g, h) => (isIgnored[g] as number) - (isIgnored[h] as number));
    for (const ignored of isIgnored) toBeFound[a] = (toBeFound[a] as number) + 1 - ignored;

    for (let t = 0; t < thresholds; t++) {
      const bit = 1 << t;
      isTaken.fill(0);
      for (let d = 0; d < D; d++) {
        let best = -1;
        let bestOverlap = iouThresholds[t] as number;
        for (const g of order) {
          // A crowd takes any number of detections.
          if (isTaken[g] && !isCrowd[g]) continue;
          if (best >= 0 && !isIgnored[best] && isIgnored[g]) break;
          const overlap = overlaps[d * G + g] as number;
          // Of equal overlaps, the later object wins.
          if (overlap < bestOverlap) continue;
          bestOverlap = overlap;
          best = g;
        }
        if (best < 0) continue;
        isTaken[best] = 1;
        const at = areas * (places[d] as number) + a;
        if (isIgnored[best]) wrong[at] = (wrong[at] as number) & ~bit;
        else if (!neverFound[objects[best] as number]) {
          wrong[at] = (wrong[at] as number) & ~bit;
          right[at] = (right[at] as number) | bit;
        }
      }
    }
  }
}

/**
 * IoU `[D, G]` of detections with objects, or for crowds the share of the detection that lies in them. Computed like
 * `bbIou` in pycocotools' `maskApi.c`, operation by operation, so that ties are the same.
 */
function overlapsOf(
  { boxes: objectBoxes, crowd }: FlatTruths,
  objects: Int32Array,
  { boxes }: FlatDetections,
  detections: Int32Array,
): Float64Array {
  const overlaps = new Float64Array(detections.length * objects.length);
  let at = 0;
  for (const detection of detections) {
    const left = boxes[4 * detection] as number;
    const top = boxes[4 * detection + 1] as number;
    const width = boxes[4 * detection + 2] as number;
    const height = boxes[4 * detection + 3] as number;
    for (const object of objects) {
      const objectLeft = objectBoxes[4 * object] as number;
      const objectTop = objectBoxes[4 * object + 1] as number;
      const objectWidth = objectBoxes[4 * object + 2] as number;
      const objectHeight = objectBoxes[4 * object + 3] as number;
      const sharedWidth = fmin(width + left, objectWidth + objectLeft) - fmax(left, objectLeft);
      const sharedHeight = fmin(height + top, objectHeight + objectTop) - fmax(top, objectTop);
      // Written so that NaN propagates, as in C.
      if (!(sharedWidth <= 0 || sharedHeight <= 0)) {
        const intersection = sharedWidth * sharedHeight;
        const area = width * height;
        overlaps[at] = intersection / (crowd[object] ? area : area + objectWidth * objectHeight - intersection);
      }
      at++;
    }
  }
  return overlaps;
}

// As in C: for a number and NaN they give the number, whereas Math.min and Math.max give NaN.
const fmin = (a: number, b: number): number => (a < b || Number.isNaN(b) ? a : b);
const fmax = (a: number, b: number): number => (a > b || Number.isNaN(b) ? a : b);
