/** The objects of images and the detections in them, as arrays, with the checks before they are used. */

/**
 * The N annotated objects of an image, for COCO's evaluation. They differ from the `Objects` of `@dn-detr/boxes`, which
 * a model learns from: boxes are in pixels and may extend outside the image, sizes are given by annotated areas, and
 * some objects need not be found.
 */
export interface ImageTruth {
  /** Labels `[N]`, in 0..K−1. */
  readonly labels: ArrayLike<number>;
  /** Boxes `[N, 4]`: x, y, width, height in pixels, from the image's top left corner. */
  readonly boxes: ArrayLike<number>;
  /** `[N]`: COCO's `area` in square pixels, which determines whether an object is small, medium or large. */
  readonly areas: ArrayLike<number>;
  /** `[N]`: 1 if the box contains a crowd, which need not be found and in which detections are not mistakes. */
  readonly crowd: ArrayLike<number>;
  /**
   * `[N]`: 1 if the object need not be found and a detection matched with it is not a mistake. This includes crowds.
   */
  readonly ignore?: ArrayLike<number>;
  /** `[N]`: COCO's annotation ids. They only matter if one is 0, which pycocotools never counts as found. */
  readonly ids?: ArrayLike<number>;
}

/** The D detections in an image, in any order; equal scores count in the given order. */
export interface ImageDetections {
  /** Labels `[D]`, in 0..K−1. */
  readonly labels: ArrayLike<number>;
  /** Boxes `[D, 4]`: x, y, width, height in pixels, from the image's top left corner. */
  readonly boxes: ArrayLike<number>;
  /** Scores `[D]`: higher means more confident. */
  readonly scores: ArrayLike<number>;
}

/** Requirements on the arrays of all images. */
export interface Requirements {
  /** K, number of classes. */
  readonly numClasses: number;
  /** Whether NaN and infinities are rejected. */
  readonly finite: boolean;
}

/**
 * @throws RangeError if an array is missing or its length does not fit, a label is not a class, or a number is not
 *   finite
 */
export function checkTruths(truths: readonly ImageTruth[], { numClasses, finite }: Requirements): void {
  for (const [image, { labels, boxes, areas, crowd, ignore, ids }] of truths.entries()) {
    const optional = { ...(ignore && { ignore }), ...(ids && { ids }) };
    checkLengths({ labels, boxes, areas, crowd, ...optional }, image);
    const where = (object: number) => `image ${image}, object ${object}`;
    checkLabels(labels, numClasses, where);
    if (!finite) continue;
    checkFinite('box', boxes, 4, where);
    checkFinite('area', areas, 1, where);
  }
}

/**
 * @throws RangeError if an array is missing or its length does not fit, a label is not a class, or a number is not
 *   finite
 */
export function checkDetections(detections: readonly ImageDetections[], { numClasses, finite }: Requirements): void {
  for (const [image, { labels, boxes, scores }] of detections.entries()) {
    checkLengths({ labels, boxes, scores }, image);
    const where = (detection: number) => `image ${image}, detection ${detection}`;
    checkLabels(labels, numClasses, where);
    if (!finite) continue;
    checkFinite('box', boxes, 4, where);
    checkFinite('score', scores, 1, where);
  }
}

/** @param arrays arrays by name; `boxes` has four numbers for each of the `labels`, the others have one */
function checkLengths(arrays: Readonly<Record<string, ArrayLike<number> | undefined>>, image: number): void {
  const count = arrays.labels?.length ?? 0;
  for (const [name, values] of Object.entries(arrays)) {
    const expected = name === 'boxes' ? 4 * count : count;
    if (values?.length === expected) continue;
    const found = values === undefined ? 'none' : `${values.length}`;
    throw new RangeError(`image ${image}: expected ${expected} numbers in ${name} for ${count} labels, got ${found}`);
  }
}

type Where = (index: number) => string;

function checkLabels(labels: ArrayLike<number>, numClasses: number, where: Where): void {
  for (let n = 0; n < labels.length; n++) {
    const label = labels[n] as number;
    if (Number.isInteger(label) && label >= 0 && label < numClasses) continue;
    throw new RangeError(`${where(n)}: the label is ${label}, expected one of ${numClasses} classes, counted from 0`);
  }
}

/** @param size number of values per object */
function checkFinite(name: string, values: ArrayLike<number>, size: number, where: Where): void {
  for (let i = 0; i < values.length; i++) {
    if (Number.isFinite(values[i])) continue;
    throw new RangeError(`${where(Math.floor(i / size))}: the ${name} holds ${values[i]}, expected finite numbers`);
  }
}
