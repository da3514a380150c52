/** One COCO JSON file, checked field by field, before its images are looked for. */

import type { Category } from '../dataset.ts';
import { DataError } from '../error.ts';
import type { ProblemKind } from '../problem.ts';
import type { Box } from '../training-objects.ts';
import { type AnnotatedObject, boxArea, isCoordinate } from './annotated-objects.ts';
import { readJsonArrays } from './json-arrays.ts';
import type { Reading, SplitName } from './read-splits.ts';

/** An object as the JSON has it: its label is still the category's id. */
export interface CocoObject extends AnnotatedObject {
  /** the field of the JSON it comes from, as far as it is known: its index among the annotations and its id */
  readonly place: number;
  readonly id: number | undefined;
}

export interface CocoImage {
  readonly id: number;
  readonly fileName: string;
  /** undefined where the JSON does not say */
  readonly size: { readonly width: number; readonly height: number } | undefined;
  readonly objects: CocoObject[];
  /** index among the images */
  readonly place: number;
}

export interface CocoCategory extends Category {
  readonly supercategory: unknown;
}

export interface CocoSplit {
  readonly split: SplitName;
  readonly file: string;
  /** of the file, for messages */
  readonly name: string;
  readonly categories: readonly CocoCategory[];
  readonly images: readonly CocoImage[];
}

type Report = (kind: ProblemKind, field: string, message: string) => void;
type Fields = Readonly<Record<string, unknown>>;

/**
 * Reads a file. A test split without annotations, as COCO's own, is undefined.
 *
 * @throws DataError if the file is no whole JSON object with lists of images, annotations and categories
 */
export async function readCocoJson(
  file: string,
  split: SplitName,
  { folder, problems, notices }: Reading,
): Promise<CocoSplit | undefined> {
  const name = folder.nameOf(file);
  const report: Report = (kind, field, message) => problems.push({ kind, file: name, field, message });
  const categories = new Map<number, CocoCategory>();
  const images = new ImageEntries(report);
  const objects = new ObjectEntries(report);
  const handlers = {
    categories: (element: unknown, n: number) => addCategory(categories, fieldsOf(element), `categories[${n}]`, report),
    images: (element: unknown, n: number) => images.add(fieldsOf(element), n),
    annotations: (element: unknown, n: number) => objects.add(fieldsOf(element), n),
  };
  const seen = await readJsonArrays(file, name, handlers, (field, message) => report('bad-value', field, message));
  if (split === 'test' && !seen.has('annotations')) {
    notices.push(`${name} has no annotations, so there is no test split`);
    return undefined;
  }
  for (const key of ['images', 'annotations', 'categories']) {
    if (seen.has(key)) continue;
    throw new DataError(`${name} has no "${key}": expected COCO's JSON object with images, annotations and categories`);
  }
  for (const [imageId, object] of objects.list) {
    const image = images.byId.get(imageId);
    const field = (key: string): string => fieldOf(object.place, object.id, key);
    if (image === undefined) {
      const message = images.leftOut.has(imageId)
        ? `image ${imageId} cannot be used`
        : `no image has the id ${imageId}`;
      report('unknown-image', field('image_id'), message);
    } else if (!categories.has(object.label)) {
      report('unknown-class', field('category_id'), `${image.fileName}: no class has the id ${object.label}`);
    } else image.objects.push(object);
  }
  return { split, file, name, categories: [...categories.values()], images: [...images.byId.values()] };
}

export function fieldOf(place: number, id: number | undefined, key: string): string {
  return `annotations[${place}].${key}${id === undefined ? '' : ` (id ${id})`}`;
}

function addCategory(categories: Map<number, CocoCategory>, fields: Fields, field: string, report: Report): void {
  const { name, supercategory } = fields;
  const id = integer(fields.id);
  if (id === undefined || typeof name !== 'string') {
    report('bad-value', field, `${show(fields)} is no class: expected an integer id and a name; it is skipped`);
  } else if (categories.has(id)) report('bad-value', `${field}.id`, `class id ${id} is there twice: the first counts`);
  else categories.set(id, { id, name, supercategory });
}

class ImageEntries {
  readonly byId = new Map<number, CocoImage>();
  readonly leftOut = new Set<number>();
  readonly #fileNames = new Set<string>();

  constructor(readonly report: Report) {}

  add({ id: writtenId, file_name: fileName, width, height }: Fields, place: number): void {
    const id = integer(writtenId);
    const field = `images[${place}]`;
    if (id === undefined) {
      this.report('unusable-image', `${field}.id`, `${show(writtenId)} is no integer id`);
      return;
    }
    if (typeof fileName !== 'string' || fileName === '') {
      this.leftOut.add(id);
      this.report('unusable-image', `${field}.file_name`, `${show(fileName)} is no file name`);
      return;
    }
    const twin = this.byId.get(id);
    if (twin !== undefined || this.leftOut.has(id)) {
      const other = twin?.fileName ?? 'another image';
      this.report('duplicate-image-id', `${field}.id`, `${fileName} has the id ${id}, as ${other} has`);
      if (twin !== undefined && twin.fileName !== fileName) {
        this.byId.delete(id);
        this.leftOut.add(id);
      }
      return;
    }
    if (this.#fileNames.has(fileName)) {
      this.report('duplicate-file-name', `${field}.file_name`, `${fileName} is listed already`);
    }
    this.#fileNames.add(fileName);
    const size = isLength(width) && isLength(height) ? { width, height } : undefined;
    if (size === undefined && (width != null || height != null)) {
      const message = `${fileName}: ${show(width)} × ${show(height)} is no size: the file's own is taken`;
      this.report('bad-value', `${field}.width, height`, message);
    }
    this.byId.set(id, { id, fileName, size, objects: [], place });
  }
}

class ObjectEntries {
  /** with the ids of their images */
  readonly list: [imageId: number, object: CocoObject][] = [];
  readonly #ids = new Set<number>();

  constructor(readonly report: Report) {}

  add({ id: writtenId, image_id, category_id, bbox, area, iscrowd }: Fields, place: number): void {
    const id = integer(writtenId);
    const report: Report = (kind, key, message) => this.report(kind, fieldOf(place, id, key), message);
    if (id !== undefined) {
      if (this.#ids.has(id)) report('duplicate-annotation-id', 'id', `the id ${id} is used already`);
      this.#ids.add(id);
      if (id === 0) report('annotation-id-zero', 'id', 'the id is 0');
    }
    const imageId = integer(image_id);
    const label = integer(category_id);
    if (imageId === undefined) report('unknown-image', 'image_id', `${show(image_id)} is no image id`);
    else if (label === undefined) report('unknown-class', 'category_id', `${show(category_id)} is no class id`);
    else if (!isBox(bbox)) {
      report('bad-object', 'bbox', `${show(bbox)} is no box: expected [x, y, width, height], four numbers`);
    } else {
      const box: Box = [bbox[0], bbox[1], bbox[2], bbox[3]];
      const object = { label, box, area: areaOf(area, box, report), crowd: isCrowd(iscrowd, report), place, id };
      this.list.push([imageId, object]);
    }
  }
}

function areaOf(area: unknown, box: Box, report: Report): number {
  if (typeof area === 'number' && Number.isFinite(area) && area >= 0) return area;
  const own = boxArea(box);
  if (area !== undefined) report('bad-value', 'area', `${show(area)} is no area: the box's is taken, ${own}`);
  return own;
}

/** By truth, as pycocotools has it: 2 is a crowd too, and so is "1". */
function isCrowd(iscrowd: unknown, report: Report): boolean {
  if (iscrowd === undefined || iscrowd === 0 || iscrowd === false) return false;
  if (iscrowd === 1) return true;
  const number = typeof iscrowd === 'string' && iscrowd.trim() === '' ? Number.NaN : Number(iscrowd ?? Number.NaN);
  const crowd = typeof iscrowd !== 'object' && number !== 0 && !Number.isNaN(number);
  report('bad-value', 'iscrowd', `${show(iscrowd)} is neither 0 nor 1: ${crowd ? 1 : 0} is taken`);
  return crowd;
}

function isBox(value: unknown): value is Box {
  return Array.isArray(value) && value.length === 4 && value.every(isCoordinate);
}

const isLength = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) > 0;

/** An integer, or a text that is exactly one, as some tools write ids. */
function integer(value: unknown): number | undefined {
  const number = typeof value === 'string' && String(Number(value)) === value ? Number(value) : value;
  return Number.isSafeInteger(number) ? (number as number) : undefined;
}

function fieldsOf(element: unknown): Fields {
  return typeof element === 'object' && element !== null ? (element as Fields) : {};
}

/** A value as it stands in the file, shortened. */
function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  const bare = (_: string, inner: unknown): unknown =>
    typeof inner === 'number' && !Number.isFinite(inner) ? `\0${inner}` : inner;
  const text = JSON.stringify(value, bare).replaceAll(/"\\u0000(-?\w+)"/g, '$1');
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
