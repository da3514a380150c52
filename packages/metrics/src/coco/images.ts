/** What is compared: the objects of images and the detections in them, as arrays. */

/** The N annotated objects of an image. */
export interface ImageTruth {
  /** `[N]`: 0..K−1 */
  readonly labels: ArrayLike<number>;
  /** `[N, 4]`: x, y, width, height in pixels, from the image's top left corner */
  readonly boxes: ArrayLike<number>;
  /** `[N]`: square pixels; COCO's `area`, which says whether an object is small, medium or large */
  readonly areas: ArrayLike<number>;
  /** `[N]`: 1 where the box holds a crowd: it need not be found, and detections in it are no mistakes */
  readonly crowd: ArrayLike<number>;
  /** `[N]`: COCO's annotation ids; they matter only where one is 0, which pycocotools never counts as found */
  readonly ids?: ArrayLike<number>;
}

/** The D detections in an image, in any order; equal scores count in the order in which they stand. */
export interface ImageDetections {
  /** `[D]`: 0..K−1 */
  readonly labels: ArrayLike<number>;
  /** `[D, 4]`: x, y, width, height in pixels, from the image's top left corner */
  readonly boxes: ArrayLike<number>;
  /** `[D]`: the higher, the surer */
  readonly scores: ArrayLike<number>;
}

/** Everything found or annotated in a set of images, one image after the other. */
interface FlatBoxes {
  /** `[n]`: indices of images, rising */
  readonly images: Int32Array;
  /** `[n, 4]` */
  readonly boxes: Float64Array;
  /** indices into the arrays above, class by class */
  readonly ofClass: (label: number) => Int32Array;
}

export interface FlatTruths extends FlatBoxes {
  /** `[n]` */
  readonly areas: Float64Array;
  /** `[n]` */
  readonly crowd: Uint8Array;
  /** `[n]`: 1 where pycocotools never counts the object as found */
  readonly neverFound: Uint8Array;
}

/** Of each class by falling score; equal scores in the order of images, then of detections. */
export type FlatDetections = FlatBoxes;

/** @throws RangeError if lengths do not fit, a label is not one of the classes, or a number is not finite */
export function flattenTruths(truths: readonly ImageTruth[], classes: number): FlatTruths {
  const total = truths.reduce((sum, { labels }) => sum + labels.length, 0);
  const flat = newFlat(total);
  const areas = new Float64Array(total);
  const crowd = new Uint8Array(total);
  const neverFound = new Uint8Array(total);
  let at = 0;
  for (const [image, truth] of truths.entries()) {
    const where = (object: number) => `image ${image}, object ${object}`;
    copyBoxes(truth, image, classes, flat, at, where);
    const count = truth.labels.length;
    expectLength(truth.areas, count, 'areas', image);
    expectLength(truth.crowd, count, 'crowd marks', image);
    if (truth.ids !== undefined) expectLength(truth.ids, count, 'ids', image);
    for (let object = 0; object < count; object++, at++) {
      areas[at] = finite(truth.areas[object], 'area', where, object);
      crowd[at] = truth.crowd[object] ? 1 : 0;
      neverFound[at] = truth.ids?.[object] === 0 ? 1 : 0;
    }
  }
  const order = Int32Array.from({ length: total }, (_, n) => n);
  return {
    images: flat.images,
    boxes: flat.boxes,
    ofClass: byClass(order, flat.labels, classes),
    areas,
    crowd,
    neverFound,
  };
}

/** @throws RangeError if lengths do not fit, a label is not one of the classes, or a number is not finite */
export function flattenDetections(detections: readonly ImageDetections[], classes: number): FlatDetections {
  const total = detections.reduce((sum, { labels }) => sum + labels.length, 0);
  const flat = newFlat(total);
  const scores = new Float64Array(total);
  let at = 0;
  for (const [image, found] of detections.entries()) {
    const where = (detection: number) => `image ${image}, detection ${detection}`;
    copyBoxes(found, image, classes, flat, at, where);
    const count = found.labels.length;
    expectLength(found.scores, count, 'scores', image);
    for (let n = 0; n < count; n++, at++) scores[at] = finite(found.scores[n], 'score', where, n);
  }
  // Sorting is stable.
  const order = Int32Array.from({ length: total }, (_, n) => n);
  order.sort((a, b) => (scores[b] as number) - (scores[a] as number));
  return { images: flat.images, boxes: flat.boxes, ofClass: byClass(order, flat.labels, classes) };
}

interface Labelled {
  readonly labels: Int32Array;
  readonly images: Int32Array;
  readonly boxes: Float64Array;
}

const newFlat = (total: number): Labelled => ({
  labels: new Int32Array(total),
  images: new Int32Array(total),
  boxes: new Float64Array(4 * total),
});

type Where = (index: number) => string;

/** Appends the labels and boxes of an image at `start`. */
function copyBoxes(
  { labels, boxes }: Pick<ImageTruth, 'labels' | 'boxes'>,
  image: number,
  classes: number,
  flat: Labelled,
  start: number,
  where: Where,
): void {
  const count = labels.length;
  if (boxes.length !== 4 * count) {
    throw new RangeError(
      `image ${image}: expected 4 x ${count} = ${4 * count} box numbers for ${count} labels, got ${boxes.length}`,
    );
  }
  for (let n = 0; n < count; n++) {
    const label = labels[n] as number;
    if (!Number.isInteger(label) || label < 0 || label >= classes) {
      throw new RangeError(`${where(n)}: the label is ${label}, expected 0..${classes - 1}`);
    }
    flat.labels[start + n] = label;
    flat.images[start + n] = image;
    for (let k = 0; k < 4; k++) {
      flat.boxes[4 * (start + n) + k] = finite(boxes[4 * n + k], 'box', where, n);
    }
  }
}

function finite(value: number | undefined, name: string, where: Where, index: number): number {
  if (Number.isFinite(value)) return value as number;
  throw new RangeError(`${where(index)}: the ${name} holds ${value}, expected finite numbers`);
}

function expectLength(values: ArrayLike<number>, count: number, name: string, image: number): void {
  if (values.length === count) return;
  throw new RangeError(`image ${image}: expected ${count} ${name} for ${count} labels, got ${values.length}`);
}

/** Sorts indices by their labels, else leaves them in order; gives the part of each class. */
function byClass(order: Int32Array, labels: Int32Array, classes: number): (label: number) => Int32Array {
  const starts = new Int32Array(classes + 1);
  for (const label of labels) starts[label + 1] = (starts[label + 1] as number) + 1;
  for (let label = 0; label < classes; label++) {
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
