/** Reads one annotation file of Pascal VOC and checks it field by field. */
import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { DataError } from '../error.ts';
import type { Problem } from '../problem.ts';
import type { Box } from '../training-objects.ts';
import { isCoordinate } from './annotated-objects.ts';

export interface VocObject {
  readonly className: string;
  readonly box: Box;
  readonly difficult: boolean;
  /** Position in the file: 1, 2, … */
  readonly number: number;
}

export interface VocAnnotation {
  readonly fileName: string | undefined;
  /** Size in pixels; undefined where the file does not give it, or gives 0. */
  readonly size: { readonly width: number; readonly height: number } | undefined;
  readonly objects: readonly VocObject[];
  /** Number of objects whose class or box cannot be read. */
  readonly unreadable: number;
}

// Numbers stay text, so that a class may be called 1e3. Entities are expanded within the parser's limits. Tools differ
// in the letter case of tags, and some add a namespace prefix.
const parser = new XMLParser({
  parseTagValue: false,
  htmlEntities: true,
  removeNSPrefix: true,
  transformTagName: (name) => name.toLowerCase(),
  isArray: (name) => name === 'object',
});

/**
 * Reads `annotation`: `filename`, `size`, and for each `object` its `name`, `difficult` and `bndbox`. The box runs from
 * xmin to xmax as written, with no pixel added.
 *
 * @param origin number of the upper left pixel: 1 moves xmin and ymin by one, as detectron2 does for VOC's own files,
 *   whose corners are the first and last pixel counted from 1
 * @throws DataError with line and column if the text is not XML, or not an annotation
 */
export function parseVocXml(
  text: string,
  { name, origin, problems }: { readonly name: string; readonly origin: 0 | 1; readonly problems: Problem[] },
): VocAnnotation {
  const annotation = fieldsOf(parse(text, name).annotation);
  if (annotation === undefined)
    throw new DataError(`${name} is not a VOC annotation: expected <annotation> … </annotation>`);
  const size = fieldsOf(annotation.size);
  const [width, height] = [numberOf(size?.width), numberOf(size?.height)];
  const isKnown = Number.isInteger(width) && Number.isInteger(height) && width > 0 && height > 0;
  const objects: VocObject[] = [];
  const written = objectsIn(annotation);
  for (const [n, element] of written.entries()) {
    const object = fieldsOf(element);
    const report = (kind: Problem['kind'], field: string, message: string): void => {
      problems.push({ kind, file: name, field: `object ${n + 1}${field}`, message });
    };
    const className = textOf(object?.name);
    const corners = fieldsOf(object?.bndbox);
    if (className === undefined) {
      const count = Array.isArray(object?.name) ? `${object.name.length} names instead of one` : 'no name';
      report('unknown-class', ', name', `the object has ${count}`);
      continue;
    }
    if (corners === undefined) {
      report('bad-object', ', bndbox', `${className} has ${insteadOfBox(object)}`);
      continue;
    }
    const keys = ['xmin', 'ymin', 'xmax', 'ymax'] as const;
    const [xmin, ymin, xmax, ymax] = keys.map((key) => numberOf(corners[key])) as [number, number, number, number];
    const bad = keys.find((key) => !isCoordinate(numberOf(corners[key])));
    if (bad !== undefined) {
      const value =
        corners[bad] === undefined ? 'missing' : `${JSON.stringify(corners[bad]).slice(0, 60)}, not a number`;
      report('bad-object', `, bndbox/${bad}`, `${className}: ${bad} is ${value}`);
      continue;
    }
    const box: Box = [xmin - origin, ymin - origin, xmax - xmin + origin, ymax - ymin + origin];
    const difficult = /^(?:1|true)$/i.test(textOf(object?.difficult) ?? '');
    if (difficult) report('difficult-object', ', difficult', className);
    objects.push({ className, box, difficult, number: n + 1 });
  }
  return {
    fileName: textOf(annotation.filename) ?? textOf(annotation.path),
    size: isKnown ? { width, height } : undefined,
    objects,
    unreadable: written.length - objects.length,
  };
}

/** The `object` elements, including those that a tool has put into another element, but not those within an object. */
function objectsIn(element: Readonly<Record<string, unknown>>): unknown[] {
  return Object.entries(element).flatMap(([name, child]) => {
    if (name === 'object') return Array.isArray(child) ? child : [child];
    return (Array.isArray(child) ? child : [child]).flatMap((inner) => {
      const fields = fieldsOf(inner);
      return fields === undefined ? [] : objectsIn(fields);
    });
  });
}

/** Describes what an object has in place of its box. */
function insteadOfBox(object: Readonly<Record<string, unknown>> | undefined): string {
  const { bndbox } = object ?? {};
  if (Array.isArray(bndbox)) return `${bndbox.length} bndbox elements instead of one`;
  const other = ['robndbox', 'polygon', 'segmentation', 'mask', 'point', 'line'].find(
    (name) => object?.[name] !== undefined,
  );
  return other === undefined ? 'no bndbox' : `no bndbox, but ${other}, from which no box is computed`;
}

function parse(text: string, name: string): Readonly<Record<string, unknown>> {
  const valid = XMLValidator.validate(text);
  if (valid !== true) {
    const { line, col, code } = valid.err;
    const reason = valid.err.msg.replaceAll(/\s+/g, ' ').slice(0, 120);
    const cutOff = code === 'InvalidXml' && reason.startsWith("Invalid '[");
    if (cutOff)
      throw new DataError(`${name} is not complete XML: tags are still open at its end; is the file cut off?`);
    throw new DataError(`${name}, line ${line}, column ${col ?? 1}: not valid XML: ${reason}`);
  }
  try {
    return parser.parse(text) as Record<string, unknown>;
  } catch (error) {
    throw new DataError(`${name} cannot be read as XML: ${(error as Error).message.slice(0, 200)}`);
  }
}

/** The child elements, or undefined for a text. */
function fieldsOf(element: unknown): Readonly<Record<string, unknown>> | undefined {
  if (typeof element !== 'object' || element === null || Array.isArray(element)) return undefined;
  return element as Record<string, unknown>;
}

/** An element's text, or undefined if it has none. */
function textOf(element: unknown): string | undefined {
  return typeof element === 'string' && element.trim() !== '' ? element.trim() : undefined;
}

const numberOf = (element: unknown): number => Number(textOf(element) ?? Number.NaN);
