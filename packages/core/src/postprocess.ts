/** Converts the last layer's predictions, read back to the host, to detections in pixels. */
import { cxcywhToXyxy, toAbsolute } from '@dn-detr/boxes';

/** Predictions for Q queries in each of B images. */
export interface RawPredictions {
  /** Logits `[B, Q, numLogits]`. */
  readonly logits: Float32Array;
  /** Boxes `[B, Q, 4]`, cxcywh in 0..1. */
  readonly boxes: Float32Array;
}

/** Size of an image in pixels. With the size of the original image, boxes are in its coordinates. */
export interface ImageSize {
  readonly height: number;
  readonly width: number;
}

/** N detections in one image. */
export interface Detections {
  /** Scores `[N]`, in 0..1. */
  readonly scores: Float32Array;
  /** Class ids `[N]`. */
  readonly labels: Int32Array;
  /** Boxes `[N, 4]`, xyxy in pixels. */
  readonly boxes: Float32Array;
}

/**
 * Gives one detection per query, in query order: the class with the highest softmax probability, ignoring "no object",
 * which is the last logit. Source: `PostProcess` in `models/detr.py` of DETR.
 *
 * @param sizes sizes of the B images
 * @throws RangeError if the predictions do not fit the number of images, or contain NaN
 */
export function softmaxDetections(predictions: RawPredictions, sizes: readonly ImageSize[]): Detections[] {
  return imagesOf(predictions, sizes).map(({ logits, boxes, size }) => {
    const queries = boxes.length / 4;
    const numLogits = logits.length / queries;
    const scores = new Float32Array(queries);
    const labels = new Int32Array(queries);
    for (let query = 0; query < queries; query++) {
      const row = logits.subarray(query * numLogits, (query + 1) * numLogits);
      const label = indexOfMax(row.subarray(0, numLogits - 1));
      const own = row[label] as number;
      labels[query] = label;
      let sum = 0;
      for (const logit of row) sum += Math.exp(logit - own);
      scores[query] = 1 / sum;
    }
    return { scores, labels, boxes: pixels(cxcywhToXyxy(boxes), size) };
  });
}

/**
 * Gives the `count` highest sigmoid scores over all queries and classes, best first, with ties in order of query and
 * class. A query may give several detections. Source: `PostProcess` in `models/DN_DAB_DETR/DABDETR.py` of DN-DETR,
 * `num_select`.
 *
 * @param sizes sizes of the B images
 * @param count the largest number of detections per image; there are fewer if there are fewer scores
 * @throws RangeError if the predictions do not fit the number of images, or contain NaN
 */
export function focalDetections(predictions: RawPredictions, sizes: readonly ImageSize[], count = 300): Detections[] {
  return imagesOf(predictions, sizes).map(({ logits, boxes, size }) => {
    const numLogits = logits.length / (boxes.length / 4);
    const selected = indicesOfLargest(logits, count);
    const chosen = new Float32Array(4 * selected.length);
    selected.forEach((index, n) => {
      const query = Math.floor(index / numLogits);
      chosen.set(boxes.subarray(4 * query, 4 * query + 4), 4 * n);
    });
    return {
      scores: Float32Array.from(selected, (index) => 1 / (1 + Math.exp(-(logits[index] as number)))),
      labels: Int32Array.from(selected, (index) => index % numLogits),
      boxes: pixels(cxcywhToXyxy(chosen, chosen), size),
    };
  });
}

/** One image's logits `[Q, numLogits]` and boxes `[Q, 4]`, with its size. */
interface ImagePredictions extends RawPredictions {
  readonly size: ImageSize;
}

function imagesOf({ logits, boxes }: RawPredictions, sizes: readonly ImageSize[]): ImagePredictions[] {
  const batch = sizes.length;
  const queries = boxes.length / 4 / batch;
  const numLogits = logits.length / batch / queries;
  if (!(Number.isInteger(queries) && Number.isInteger(numLogits))) {
    throw new RangeError(
      `${logits.length} logits [B, Q, numLogits] and ${boxes.length} box numbers [B, Q, 4] do not fit ${batch} images`,
    );
  }
  return sizes.map((size, image) => {
    const own = (values: Float32Array, width: number) =>
      values.subarray(image * queries * width, (image + 1) * queries * width);
    const predictions = { logits: own(logits, numLogits), boxes: own(boxes, 4), size };
    for (const [name, width] of [
      ['logits', numLogits],
      ['boxes', 4],
    ] as const) {
      const bad = indexOfNaN(predictions[name]);
      if (bad >= 0) throw new RangeError(`image ${image}, query ${Math.floor(bad / width)}: NaN in ${name}`);
    }
    return predictions;
  });
}

/** Index of the first NaN, or -1 if there is none. */
function indexOfNaN(values: Float32Array): number {
  for (let i = 0; i < values.length; i++) if (Number.isNaN(values[i])) return i;
  return -1;
}

function pixels(xyxy: Float32Array, { width, height }: ImageSize): Float32Array {
  return toAbsolute(xyxy, width, height, xyxy);
}

/** Index of the largest value; of equal values, the first. */
function indexOfMax(values: Float32Array): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) {
    if ((values[i] as number) > (values[best] as number)) best = i;
  }
  return best;
}

/**
 * Indices in descending order of value, with ties in order of index. At most twice `count` candidates are sorted at a
 * time: once that many have been found, only values above the last of the best `count` can still be among them.
 */
function indicesOfLargest(values: Float32Array, count: number): number[] {
  const found: number[] = [];
  let threshold = Number.NEGATIVE_INFINITY;
  const keepBest = () => {
    found.sort((a, b) => (values[b] as number) - (values[a] as number) || a - b);
    found.length = Math.min(found.length, count);
  };
  for (let index = 0; index < values.length; index++) {
    if (found.length >= count && (values[index] as number) <= threshold) continue;
    found.push(index);
    if (found.length < 2 * count) continue;
    keepBest();
    threshold = values[found[count - 1] as number] as number;
  }
  keepBest();
  return found;
}
