/** The annotated objects of one image, and the check that every package applies to them. */

/** The G annotated objects of one image. A function that returns objects may specify the types of the arrays. */
export interface Objects<
  Labels extends ArrayLike<number> = ArrayLike<number>,
  Boxes extends ArrayLike<number> = ArrayLike<number>,
> {
  /** `[G]`: the class of each object, an integer in 0..numClasses−1. */
  readonly labels: Labels;
  /** `[G, 4]`: the boxes, cxcywh in 0..1 of the image. */
  readonly boxes: Boxes;
  /** `[G]`: 1 where a box marks a crowd (`iscrowd` of COCO), otherwise 0. If left out, there are no crowds. */
  readonly crowd?: ArrayLike<number>;
}

/** Thrown for objects that cannot be used: the message says which, what is wrong and what was expected. */
export class ObjectsError extends RangeError {
  override name = 'ObjectsError';

  constructor(
    problem: string,
    /** Index of the image in its batch; undefined if there is only one image. */
    readonly image: number | undefined,
    /** Index among the objects of the image; undefined if the problem does not concern a single object. */
    readonly object?: number,
  ) {
    const place = [
      ...(image === undefined ? [] : [`image ${image}`]),
      ...(object === undefined ? [] : [`object ${object}`]),
    ].join(', ');
    super(place === '' ? problem : `${place}: ${problem}`);
  }
}

/** Options for checking objects. */
export interface ObjectsCheck {
  /** Number of real classes; labels must be below it. */
  readonly numClasses: number;
  /** Index of the image in its batch, for messages. */
  readonly image?: number | undefined;
  /** Whether an object will not be used and therefore need not be valid. @defaultValue all objects are used */
  readonly isLeftOut?: (object: number) => boolean;
}

/** How far a corner may lie outside the image. */
const tolerance = 1e-3;

/**
 * Checks the objects of one image. A box may have a width or height of 0.
 *
 * @throws ObjectsError if labels or boxes are missing, lengths do not fit, a label is not a class, or a box is not
 *   finite, has a negative width or height, or has a corner outside the image by more than 1e-3
 */
export function checkObjects(objects: Objects, { numClasses, image, isLeftOut }: ObjectsCheck): void {
  checkLengths(objects, image);
  const { labels, boxes } = objects;
  for (let object = 0; object < labels.length; object++) {
    if (isLeftOut?.(object)) continue;
    const problem = labelProblem(labels[object] as number, numClasses) ?? boxProblem(boxes, 4 * object);
    if (problem !== undefined) throw new ObjectsError(problem, image, object);
  }
}

function checkLengths(objects: Objects, image: number | undefined): void {
  const { labels, boxes, crowd } = objects ?? {};
  if (labels == null || boxes == null) {
    const missing = labels == null ? 'labels' : 'boxes';
    throw new ObjectsError(`${missing} are missing: expected labels and boxes, empty without objects`, image);
  }
  const count = labels.length;
  if (boxes.length !== 4 * count) {
    const expected = `expected ${4 * count}, four for each label (cx, cy, w, h)`;
    throw new ObjectsError(`${count} labels, but ${boxes.length} box numbers: ${expected}`, image);
  }
  if (crowd !== undefined && crowd.length !== count) {
    throw new ObjectsError(`${count} labels, but ${crowd.length} crowd marks: expected one for each label`, image);
  }
}

function labelProblem(label: number, numClasses: number): string | undefined {
  if (Number.isInteger(label) && label >= 0 && label < numClasses) return undefined;
  const hint = label >= numClasses ? '; are these category ids that still have to be mapped to 0, 1, 2, …?' : '';
  return `label ${label} is not a class: expected a whole number in 0..${numClasses - 1}${hint}`;
}

function boxProblem(boxes: ArrayLike<number>, at: number): string | undefined {
  const cx = boxes[at] as number;
  const cy = boxes[at + 1] as number;
  const w = boxes[at + 2] as number;
  const h = boxes[at + 3] as number;
  const text = () => `box [${[cx, cy, w, h].map((value) => +value.toPrecision(6)).join(', ')}]`;
  // The sum reveals a NaN or infinity among the four.
  if (!Number.isFinite(cx + cy + w + h)) {
    return `${text()} has a number that is not finite: expected cx, cy, w, h in 0..1`;
  }
  if (w < 0 || h < 0) return `${text()} has a negative width or height: expected w and h of 0 or more`;
  const least = Math.min(cx - w / 2, cy - h / 2);
  const most = Math.max(cx + w / 2, cy + h / 2);
  if (least >= -tolerance && most <= 1 + tolerance) return undefined;
  const expected = 'expected cx, cy, w, h in 0..1 with corners in 0..1';
  return `${text()} reaches outside the image: ${expected}${likelyMistake([cx, cy, w, h])}`;
}

/** Guesses which other format would explain a box that lies outside the image. */
function likelyMistake(box: readonly [number, number, number, number]): string {
  const [a, b, c, d] = box;
  const inside = (value: number) => value >= -tolerance && value <= 1 + tolerance;
  if (Math.max(...box) > 2)
    return '; these look like pixels (toNormalized of @dn-detr/boxes divides by the image size)';
  if (!box.every(inside)) return '';
  const guesses = [
    ...(c > a && d > b ? ['xyxy (xyxyToCxcywh of @dn-detr/boxes converts)'] : []),
    ...(inside(a + c) && inside(b + d) ? ['left, top, width, height'] : []),
  ];
  return guesses.length === 0 ? '' : `; it would fit as ${guesses.join(' or as ')}`;
}
