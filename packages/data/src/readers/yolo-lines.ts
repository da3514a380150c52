/** Reads one YOLO label file, line by line. */
import type { Box } from '../training-objects.ts';
import { boxAround } from './annotated-objects.ts';

/** The meaning of a line, given the file's other lines. */
export type YoloLine =
  | { readonly label: number; readonly box: Box }
  | { readonly kind: 'unknown-class' | 'bad-object'; readonly message: string };

export interface YoloLinesOptions {
  /** Labels by the class index in the file. */
  readonly labels: ReadonlyMap<number, number>;
  /** Whether the data set says that keypoints follow the box on a line. */
  readonly keypoints: boolean;
}

/** The meaning of the numbers after the class. */
type Form =
  | 'box'
  | 'box and confidence'
  | 'box and keypoints'
  | 'polygon'
  | 'polygon and confidence'
  | 'unclear'
  | 'none';

/**
 * Reads a label file. A line is `class cx cy w h`, or `class x1 y1 x2 y2 x3 y3 …`, the corners of a polygon or an
 * oriented box; the numbers are fractions of the image's size. A further column whose values all lie in 0..1 is a
 * confidence, and is ignored. Keypoints follow a box where the data set says so (`kpt_shape`), or where the file leaves
 * no other reading.
 *
 * @returns for each line that is not blank, its number counted from 1, and its box in fractions or the error
 */
export function readYoloLines(text: string, options: YoloLinesOptions): [number: number, line: YoloLine][] {
  const lines = text.split(/\r\n|\r|\n/).flatMap((line, n) => {
    const written = line.trim();
    if (written === '') return [];
    const [name = '', ...rest] = written.split(/\s+/);
    return [{ number: n + 1, written, name, values: rest.map(Number) }];
  });
  const forms = formsOf(
    lines.map(({ values }) => values),
    options.keypoints,
  );
  return lines.map(({ number, written, name, values }, n) => [
    number,
    readLine(written, name, values, forms[n] as Form, options),
  ]);
}

function readLine(
  written: string,
  name: string,
  values: readonly number[],
  form: Form,
  { labels }: YoloLinesOptions,
): YoloLine {
  const label = labels.get(Number(name));
  if (label === undefined || name === '') {
    const expected = labels.size === 1 ? `${[...labels.keys()][0]}` : `one of the ${labels.size} indices of names`;
    return { kind: 'unknown-class', message: `${shorten(name)} is not a class: expected ${expected}` };
  }
  const bad = (message: string): YoloLine => ({ kind: 'bad-object', message: `${shorten(written)}: ${message}` });
  if (form === 'none') {
    return bad('expected class, centre x, centre y, width and height, or class and the corners of a polygon');
  }
  if (form === 'unclear') {
    const count = Math.floor((values.length - 4) / 3);
    const keypoints = `a box with ${count} ${count === 1 ? 'keypoint' : 'keypoints'}`;
    const polygon = values.length % 2 === 0 ? 'a polygon' : 'a polygon with a confidence';
    return bad(`it may be ${keypoints} or ${polygon}. If keypoints are meant, set kpt_shape in the yaml`);
  }
  const isBox = form.startsWith('box');
  const used = isBox ? values.slice(0, 4) : values.slice(0, 2 * Math.floor(values.length / 2));
  if (used.some((value) => value < -1 || value > 2)) return bad("expected fractions of the image's size, 0 to 1");
  if (!isBox) return { label, box: boxAround(used) };
  const box = boxOf(used);
  if (form === 'box and confidence' && !isInside(box, 0.1) && isInside(boxOf(values.slice(1)), 0.01)) {
    return bad('its first or last number may be the confidence: expected the box first, inside the image');
  }
  return { label, box };
}

/** Converts centre, width and height to a box. */
function boxOf(values: readonly number[]): Box {
  const [x, y, width, height] = values as [number, number, number, number];
  return [x - width / 2, y - height / 2, width, height];
}

/** Whether a box in fractions exceeds the image by no more than `most` on any side. */
const isInside = ([x, y, width, height]: Box, most: number): boolean =>
  x >= -most && y >= -most && x + width <= 1 + most && y + height <= 1 + most;

/** The form of each line's numbers; the file's other lines decide an ambiguous line. */
function formsOf(lines: readonly (readonly number[])[], keypoints: boolean): Form[] {
  const alone = lines.map((values): Form | 'odd' => formOf(values, keypoints));
  const isKeypoints = alone.includes('box and keypoints');
  const isPolygons = alone.some((form, n) => form === 'polygon' || (form === 'odd' && lengthOf(lines, n) > 5));
  // The last column of lines with one number too many is a confidence if it can be one on all of them.
  const areConfidences = lines.every((values, n) => alone[n] !== 'odd' || isShare(values));
  return alone.map((form, n): Form => {
    const values = lines[n] as readonly number[];
    if (form === 'odd') {
      if (!areConfidences) return 'none';
      return values.length === 5 ? 'box and confidence' : 'polygon and confidence';
    }
    if (form !== 'unclear' || isKeypoints === isPolygons) return form;
    if (isKeypoints) return 'box and keypoints';
    if (values.length % 2 === 0) return 'polygon';
    return isShare(values) ? 'polygon and confidence' : 'none';
  });
}

const lengthOf = (lines: readonly (readonly number[])[], n: number): number => (lines[n] as readonly number[]).length;

/** The form of a line's numbers as far as the line by itself shows; `odd` where there is one number too many. */
function formOf(values: readonly number[], keypoints: boolean): Form | 'odd' {
  const count = values.length;
  if (count < 4 || !values.every(Number.isFinite)) return 'none';
  if (keypoints) return 'box and keypoints';
  if (count === 4) return 'box';
  if (count > 4 && (count - 4) % 3 === 0) {
    // Keypoints are x, y and a flag: 0 for not labelled, 1 for hidden, 2 for visible.
    const flags = values.filter((_, n) => n > 4 && n % 3 === 0);
    if (flags.every((flag) => flag === 0 || flag === 1 || flag === 2)) {
      return values.some((value) => value > 1.01) ? 'box and keypoints' : 'unclear';
    }
    // A model's keypoints have confidences instead of flags; a model's polygon has one confidence at its end.
    if (count % 2 === 1) return 'unclear';
  }
  return count % 2 === 0 ? 'polygon' : 'odd';
}

/** Whether the last value can be a confidence. */
const isShare = (values: readonly number[]): boolean =>
  (values.at(-1) as number) >= 0 && (values.at(-1) as number) <= 1;

/** A line for a message: shortened, and without control characters that a terminal would obey. */
function shorten(text: string): string {
  const short = text.length > 60 ? `${text.slice(0, 57)}…` : text;
  return short.replaceAll(/\p{Cc}/gu, (control) => `\\x${control.charCodeAt(0).toString(16).padStart(2, '0')}`);
}
