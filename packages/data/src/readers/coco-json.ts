/** Reads one COCO JSON file and checks it field by field, before its images are looked for. */

import type { Category } from '../dataset.ts';
import { DataError } from '../error.ts';
import type { ProblemKind } from '../problem.ts';
import type { Box } from '../training-objects.ts';
import { type AnnotatedObject, boxArea, boxAround, isCoordinate } from './annotated-objects.ts';
import { className } from './class-name.ts';
import { type CocoId, cocoId, IdIndex, type WrittenId } from './coco-ids.ts';
import { readJsonArrays } from './json-arrays.ts';
import type { Reading, SplitName } from './read-splits.ts';

/** An object with a readable class and box. */
export interface CocoObject extends Omit<AnnotatedObject, 'label'> {
  readonly categoryId: CocoId;
  /** Index among the annotations. */
  readonly place: number;
}

export interface CocoImage {
  readonly id: CocoId;
  readonly writtenId: WrittenId;
  readonly fileName: string;
  /** Size in pixels; undefined where the JSON does not give it. */
  readonly size: { readonly width: number; readonly height: number } | undefined;
  readonly objects: CocoObject[];
  /** Number of objects in the image whose class or box cannot be read. */
  unreadable: number;
  /** Index among the images. */
  readonly place: number;
}

export interface CocoCategory extends Category {
  readonly supercategory: unknown;
}

export interface CocoSplit {
  /** Number of annotations that do not say which image they belong to. */
  readonly homeless: number;
  readonly split: SplitName;
  readonly file: string;
  /** Name of the file, for messages. */
  readonly name: string;
  readonly categories: readonly CocoCategory[];
  readonly images: readonly CocoImage[];
}

type Report = (kind: ProblemKind, field: string, message: string) => void;
type Fields = Readonly<Record<string, unknown>>;

/**
 * Reads a COCO file. The result is undefined for a test split without annotations, such as COCO's own.
 *
 * @throws DataError if the file is not a complete JSON object with lists of images, annotations and categories
 */
export async function readCocoJson(
  file: string,
  split: SplitName,
  { folder, problems, notices }: Reading,
): Promise<CocoSplit | undefined> {
  const name = folder.nameOf(file);
  const report: Report = (kind, field, message) => problems.push({ kind, file: name, field, message });
  const categories = new Map<CocoId, CocoCategory>();
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
  const padded = assignObjects(objects.list, images, categories, report);
  if (padded.length > 0) {
    const example = `${padded[0]?.written} for ${padded[0]?.listed}`;
    notices.push(
      `${name}: ${padded.length} ids are written with different leading zeros than listed, such as ${example}`,
    );
  }
  const { homeless } = objects;
  return { split, file, name, homeless, categories: [...categories.values()], images: [...images.byId.values()] };
}

/** An id that an annotation writes with different leading zeros than the image or class that it refers to. */
interface PaddedId {
  readonly written: CocoId;
  readonly listed: CocoId;
}

/**
 * Assigns each image its objects, and counts those that cannot be read.
 *
 * @returns ids that were found with different leading zeros
 */
function assignObjects(
  objects: readonly ObjectEntry[],
  images: ImageEntries,
  categories: ReadonlyMap<CocoId, CocoCategory>,
  report: Report,
): PaddedId[] {
  const padded: PaddedId[] = [];
  const imageIds = new IdIndex(images.byId.keys());
  const categoryIds = new IdIndex(categories.keys());
  for (const { imageId, categoryId, box, area, crowd, place, id } of objects) {
    const listed = imageIds.find(imageId);
    const image = listed === undefined ? undefined : images.byId.get(listed);
    if (image === undefined) {
      const message = images.leftOut.has(imageId)
        ? `image ${imageId} cannot be used`
        : `no image has the id ${imageId}`;
      report('unknown-image', fieldOf(place, id, 'image_id'), message);
      continue;
    }
    const category = categoryId === undefined ? undefined : categoryIds.find(categoryId);
    if (listed !== undefined && listed !== imageId) padded.push({ written: imageId, listed });
    if (category !== undefined && category !== categoryId) {
      padded.push({ written: categoryId as CocoId, listed: category });
    }
    if (category === undefined && categoryId !== undefined) {
      const message = `${image.fileName}: no class has the id ${categoryId}`;
      report('unknown-class', fieldOf(place, id, 'category_id'), message);
    }
    if (category === undefined || box === undefined) image.unreadable++;
    else image.objects.push({ categoryId: category, box, area, crowd, place, id });
  }
  return padded;
}

export function fieldOf(place: number, id: CocoId | undefined, key: string): string {
  return `annotations[${place}].${key}${id === undefined ? '' : ` (id ${id})`}`;
}

function addCategory(categories: Map<CocoId, CocoCategory>, fields: Fields, field: string, report: Report): void {
  const { name, supercategory } = fields;
  const id = cocoId(fields.id);
  if (id === undefined)
    report('bad-value', field, `${show(fields)} is not a class: expected an id and a name; it is skipped`);
  else if (categories.has(id)) report('bad-value', `${field}.id`, `class id ${id} appears twice: the first is used`);
  else categories.set(id, { id, name: className(name, id), supercategory });
}

class ImageEntries {
  readonly byId = new Map<CocoId, CocoImage>();
  readonly leftOut = new Set<CocoId>();
  readonly #fileNames = new Set<string>();

  constructor(readonly report: Report) {}

  add({ id: writtenId, file_name: fileName, width, height }: Fields, place: number): void {
    const id = cocoId(writtenId);
    const field = `images[${place}]`;
    if (id === undefined) {
      this.report(
        'unusable-image',
        `${field}.id`,
        `${show(writtenId)} is not an id: expected a whole number or a text`,
      );
      return;
    }
    if (typeof fileName !== 'string' || fileName === '') {
      this.leftOut.add(id);
      this.report('unusable-image', `${field}.file_name`, `${show(fileName)} is not a file name`);
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
      this.report('duplicate-file-name', `${field}.file_name`, `${fileName} is already listed`);
    }
    this.#fileNames.add(fileName);
    const size = isLength(width) && isLength(height) ? { width, height } : undefined;
    if (size === undefined && (width != null || height != null)) {
      const message = `${fileName}: ${show(width)} × ${show(height)} is not a size: the file's own is used`;
      this.report('bad-value', `${field}.width, height`, message);
    }
    this.byId.set(id, { id, writtenId: writtenId as WrittenId, fileName, size, objects: [], unreadable: 0, place });
  }
}

/** An annotation of an image; its class or its box is undefined where it cannot be read. */
interface ObjectEntry extends Omit<CocoObject, 'box' | 'categoryId'> {
  readonly imageId: CocoId;
  readonly categoryId: CocoId | undefined;
  readonly box: Box | undefined;
}

class ObjectEntries {
  readonly list: ObjectEntry[] = [];
  homeless = 0;
  readonly #ids = new Set<CocoId>();

  constructor(readonly report: Report) {}

  add({ id: writtenId, image_id, category_id, bbox, segmentation, area, iscrowd }: Fields, place: number): void {
    const id = cocoId(writtenId);
    const report: Report = (kind, key, message) => this.report(kind, fieldOf(place, id, key), message);
    if (id !== undefined) {
      if (this.#ids.has(id)) report('duplicate-annotation-id', 'id', `the id ${id} is already used`);
      this.#ids.add(id);
      if (id === 0) report('annotation-id-zero', 'id', 'the id is 0');
    }
    const imageId = cocoId(image_id);
    if (imageId === undefined) {
      this.homeless++;
      report('unknown-image', 'image_id', `${show(image_id)} is not an image id`);
      return;
    }
    const categoryId = cocoId(category_id);
    if (categoryId === undefined) report('unknown-class', 'category_id', `${show(category_id)} is not a class id`);
    const box = boxOf(bbox, segmentation);
    if (box === undefined) {
      const polygons = isMissing(bbox) ? `, and ${describeSegmentation(segmentation)}` : '';
      const expected = 'expected [x, y, width, height], four numbers';
      report('bad-object', 'bbox', `${show(bbox)} is not a box${polygons}: ${expected}`);
    }
    const measured = box === undefined ? 0 : areaOf(area, box, report);
    this.list.push({ imageId, categoryId, box, area: measured, crowd: isCrowd(iscrowd, report), place, id });
  }
}

const isMissing = (bbox: unknown): boolean => bbox == null || (Array.isArray(bbox) && bbox.length === 0);

/** The box as written, or the one around the polygons where there is none. */
function boxOf(bbox: unknown, segmentation: unknown): Box | undefined {
  if (isBox(bbox)) return [bbox[0], bbox[1], bbox[2], bbox[3]];
  if (!isMissing(bbox) || !Array.isArray(segmentation)) return undefined;
  // Some tools write a single polygon without the list around it.
  const polygons: unknown[] = segmentation.some(Array.isArray) ? segmentation : [segmentation];
  return polygons.every(isPolygon) && polygons.length > 0 ? boxAround(polygons.flat()) : undefined;
}

const isPolygon = (value: unknown): value is number[] =>
  Array.isArray(value) && value.length >= 6 && value.length % 2 === 0 && value.every(isCoordinate);

function describeSegmentation(segmentation: unknown): string {
  if (isMissing(segmentation)) return 'there is no polygon';
  if (Array.isArray(segmentation)) return `${show(segmentation)} is not a polygon`;
  return 'the segmentation is a mask, from which no box is computed';
}

function areaOf(area: unknown, box: Box, report: Report): number {
  if (typeof area === 'number' && Number.isFinite(area) && area >= 0) return area;
  const own = boxArea(box);
  if (area !== undefined) report('bad-value', 'area', `${show(area)} is not an area: the box's is used, ${own}`);
  return own;
}

/** Whether the value is true in Python, as in pycocotools: 2 is a crowd too, and so is "1". */
function isCrowd(iscrowd: unknown, report: Report): boolean {
  if (iscrowd === undefined || iscrowd === 0 || iscrowd === false) return false;
  if (iscrowd === 1) return true;
  const number = typeof iscrowd === 'string' && iscrowd.trim() === '' ? Number.NaN : Number(iscrowd ?? Number.NaN);
  const crowd = typeof iscrowd !== 'object' && number !== 0 && !Number.isNaN(number);
  report('bad-value', 'iscrowd', `${show(iscrowd)} is neither 0 nor 1: ${crowd ? 1 : 0} is used`);
  return crowd;
}

function isBox(value: unknown): value is Box {
  return Array.isArray(value) && value.length === 4 && value.every(isCoordinate);
}

const isLength = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) > 0;

function fieldsOf(element: unknown): Fields {
  return typeof element === 'object' && element !== null ? (element as Fields) : {};
}

/** A value as written in the file, shortened. */
function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  const isBare = (inner: unknown): boolean =>
    typeof inner === 'bigint' || (typeof inner === 'number' && !Number.isFinite(inner));
  const bare = (_: string, inner: unknown): unknown => (isBare(inner) ? `\0${inner}` : inner);
  const text = JSON.stringify(value, bare).replaceAll(/"\\u0000(-?\w+)"/g, '$1');
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
