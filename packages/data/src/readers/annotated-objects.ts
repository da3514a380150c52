/** Packs the objects of one image that a reader found in an annotation file. */
import { iouAt } from '@dn-detr/boxes';
import type { ImageObjects } from '../dataset.ts';
import type { Problem, ProblemKind } from '../problem.ts';
import { type Box, boxInside, ROUNDING_PIXELS } from '../training-objects.ts';
import type { CocoId } from './coco-ids.ts';

/** An object as a reader finds it in the annotations. */
export interface AnnotatedObject {
  /** Index of the class. */
  readonly label: number;
  /** Box `[x, y, width, height]` in pixels of the upright image; all finite. */
  readonly box: Box;
  /** Area in square pixels. */
  readonly area: number;
  /** Whether the box holds a crowd, which evaluation ignores and training leaves out. */
  readonly crowd: boolean;
  /** COCO's annotation id. */
  readonly id?: CocoId | undefined;
}

/** Whether a number can be a position in an image; squares of such numbers are finite. */
export function isCoordinate(value: unknown): value is number {
  return typeof value === 'number' && Math.abs(value) <= 1e9;
}

/** Width × height, 0 where the box is turned inside out. */
export function boxArea([, , width, height]: Box): number {
  return Math.max(0, width) * Math.max(0, height);
}

/** The smallest box around points, given as alternating x and y. */
export function boxAround(points: readonly number[]): Box {
  let [left, top, right, bottom] = [points[0] as number, points[1] as number, points[0] as number, points[1] as number];
  for (let n = 0; n < points.length; n += 2) {
    const [x, y] = [points[n] as number, points[n + 1] as number];
    [left, right] = [Math.min(left, x), Math.max(right, x)];
    [top, bottom] = [Math.min(top, y), Math.max(bottom, y)];
  }
  return [left, top, right - left, bottom - top];
}

/** Two boxes of one class that overlap more than this are assumed to be the same object. */
const SAME_OBJECT_IOU = 0.8;

interface Image {
  readonly name: string;
  readonly width: number;
  readonly height: number;
}

/**
 * Packs all objects of an image, and reports those that training will change or leave out.
 *
 * @param place the file and field of object n, for messages
 * @param none the message for an image without objects
 */
export function packObjects(
  objects: readonly AnnotatedObject[],
  image: Image,
  place: (n: number) => Pick<Problem, 'file' | 'field'>,
  problems: Problem[],
  none = 'it has no object',
): ImageObjects {
  const count = objects.length;
  const packed = {
    labels: new Int32Array(count),
    boxes: new Float64Array(4 * count),
    areas: new Float64Array(count),
    crowd: new Uint8Array(count),
    ...(objects.some(({ id }) => id !== undefined) && { ids: new Float64Array(count) }),
  };
  // Plain loops: COCO has a million objects.
  for (let n = 0; n < count; n++) {
    const { label, box, area, crowd, id } = objects[n] as AnnotatedObject;
    if (packed.ids) packed.ids[n] = typeof id === 'number' ? id : Number.NaN;
    packed.labels[n] = label;
    packed.boxes.set(box, 4 * n);
    packed.areas[n] = area;
    packed.crowd[n] = crowd ? 1 : 0;
    const found = crowd ? undefined : problemOf(box, image);
    if (found) problems.push({ kind: found[0], ...place(n), message: `${image.name}: box ${found[1]}` });
  }
  reportTwins(objects, (n, message) => {
    problems.push({ kind: 'boxed-twice', ...place(n), message: `${image.name}: ${message}` });
  });
  if (count === 0) problems.push({ kind: 'no-objects', file: image.name, message: none });
  return packed;
}

function problemOf(box: Box, image: Image): [ProblemKind, string] | undefined {
  const inside = boxInside(box, image);
  if (inside !== undefined && inside.cut <= ROUNDING_PIXELS) return undefined;
  const [, , width, height] = box;
  const size = `${image.width} × ${image.height}`;
  if (inside !== undefined) return ['outside-image', `${describeBox(box)} leaves the image of ${size}`];
  if (width < 0 || height < 0) return ['empty-box', `${describeBox(box)} is turned inside out`];
  if (width === 0 || height === 0) return ['empty-box', `${describeBox(box)} is empty`];
  return ['empty-box', `${describeBox(box)} has no area inside the image of ${size}`];
}

function reportTwins(objects: readonly AnnotatedObject[], report: (n: number, message: string) => void): void {
  if (objects.length < 2) return;
  const corners = new Float32Array(4 * objects.length);
  for (let n = 0; n < objects.length; n++) {
    const { label, box, crowd } = objects[n] as AnnotatedObject;
    corners[4 * n] = box[0];
    corners[4 * n + 1] = box[1];
    corners[4 * n + 2] = box[0] + box[2];
    corners[4 * n + 3] = box[1] + box[3];
    for (let other = 0; other < n && !crowd; other++) {
      const twin = objects[other] as AnnotatedObject;
      if (twin.label !== label || twin.crowd) continue;
      const iou = iouAt(corners, 4 * other, corners, 4 * n, 0);
      if (iou <= SAME_OBJECT_IOU || Number.isNaN(iou)) continue;
      report(
        n,
        `box ${describeBox(box)} and an earlier one, ${describeBox(twin.box)}, have an IoU of ${iou.toFixed(2)}`,
      );
      break;
    }
  }
}

const describeBox = (box: Box): string => `[${box.map((value) => Number(value.toFixed(2))).join(', ')}]`;
