/** Reads COCO's annotation files (`instances_*.json`) as arrays to evaluate. */
import { annotatedBox, parseFloatText } from './boxes.ts';
import { readCrowd } from './crowd.ts';
import { type JsonObject, listAt, objectAt } from './fields.ts';
import { CocoFormatError } from './format-error.ts';
import { type CocoId, idAt, indexOf, sortedIds } from './ids.ts';
import type { ImageTruth } from './images.ts';
import { TruthNotes } from './truth-notes.ts';

/** A class in an annotation file. */
export interface CocoCategory {
  readonly id: CocoId;
  /** Name of the class: its digits if it is a number, and the category's id if there is none. */
  readonly name: string;
}

/** The objects of an annotation file. */
export interface CocoTruth {
  /** The K classes by ascending id: a label is an index into them. */
  readonly categories: readonly CocoCategory[];
  /** Ids in pycocotools' order: ascending, where ids that the file writes as text are in the order of text. */
  readonly imageIds: readonly CocoId[];
  /** The objects of each of `imageIds`, in the file's order. */
  readonly truths: readonly ImageTruth[];
  /**
   * Numbers of annotations that do not count because their image or category is not listed; pycocotools silently skips
   * these.
   */
  readonly ignored: { readonly unknownImage: number; readonly unknownCategory: number };
  /** What is odd about the file and how it is interpreted, in sentences to print. */
  readonly notes: readonly string[];
}

/**
 * Reads an annotation file like pycocotools, including its quirks. Where pycocotools would stop, defaults are used: a
 * missing `iscrowd` is 0, a missing `area` is width × height, and a missing `bbox` becomes the bounds of the polygons.
 * Ids may be numbers or text.
 *
 * @param json the parsed contents of the file; `parseCocoJson` keeps ids beyond 2^53
 * @throws CocoFormatError naming the place, if something is missing or has the wrong type
 */
export function readCocoTruth(json: unknown): CocoTruth {
  if (Array.isArray(json)) {
    throw new CocoFormatError(
      'expected an object with "images", "annotations" and "categories", found a list: are these the detections?',
    );
  }
  const file = objectAt(json, 'the file');
  const imageIds = idsOf(file, 'images');
  const categories = readCategories(file);
  const annotations = listAt(file.annotations, 'annotations').map((value, i) => objectAt(value, `annotations[${i}]`));

  const imageOf = indexOf(imageIds);
  const labelOf = indexOf(categories.map(({ id }) => id));
  const ignored = { unknownImage: 0, unknownCategory: 0 };
  const notes = new TruthNotes();
  const places = annotations.map(({ image_id, category_id }, i): Place | undefined => {
    const image = imageOf(image_id, `annotations[${i}].image_id`);
    const label = labelOf(category_id, `annotations[${i}].category_id`);
    if (image === undefined) ignored.unknownImage++;
    else if (label === undefined) ignored.unknownCategory++;
    else return { image, label };
    return undefined;
  });
  const ofImage = entriesOfImages(annotations, places, imageIds.length, notes);
  const truths = ofImage.map((entries) => readObjects(annotations, places, entries, notes));
  return { categories, imageIds, truths, ignored, notes: notes.sentences() };
}

/** The image and class that an annotation counts in. */
interface Place {
  readonly image: number;
  readonly label: number;
}

/**
 * The annotations that count in each image, in order. pycocotools keeps annotations by id: if several have the same id,
 * the last of them replaces each.
 */
function entriesOfImages(
  annotations: readonly JsonObject[],
  places: readonly (Place | undefined)[],
  images: number,
  notes: TruthNotes,
): number[][] {
  const lastOf = new Map<unknown, number>();
  for (const [i, { id }] of annotations.entries()) if (id !== undefined) lastOf.set(id, i);
  const own = Array.from({ length: images }, (): number[] => []);
  for (const [i, place] of places.entries()) if (place !== undefined) own[place.image]?.push(i);
  const counted = own.map((): number[] => []);
  for (const entries of own) {
    for (const i of entries) {
      const { id } = annotations[i] as JsonObject;
      const last = id === undefined ? i : (lastOf.get(id) as number);
      if (last !== i) notes.sharedId++;
      const place = places[last];
      if (place !== undefined) counted[place.image]?.push(last);
    }
  }
  return counted;
}

/** Reads the objects of one image. */
function readObjects(
  annotations: readonly JsonObject[],
  places: readonly (Place | undefined)[],
  entries: readonly number[],
  notes: TruthNotes,
): ImageTruth {
  const count = entries.length;
  const labels = new Int32Array(count);
  const boxes = new Float64Array(4 * count);
  const areas = new Float64Array(count);
  const crowd = new Uint8Array(count);
  const ignore = new Uint8Array(count);
  const ids = new Float64Array(count);
  for (const [n, entry] of entries.entries()) {
    const annotation = annotations[entry] as JsonObject;
    labels[n] = (places[entry] as Place).label;
    const { box, ofPolygons } = annotatedBox(annotation, `annotations[${entry}]`);
    boxes.set(box, 4 * n);
    if (ofPolygons) notes.boxOfPolygons++;
    if (!box.every(Number.isFinite)) notes.nonFiniteBox++;
    const { area, iscrowd, id } = annotation;
    if (typeof area === 'number' || typeof area === 'boolean') areas[n] = Number(area);
    else {
      areas[n] = (box[2] as number) * (box[3] as number);
      notes.noArea++;
    }
    const judged = readCrowd(iscrowd);
    crowd[n] = judged.crowd ? 1 : 0;
    ignore[n] = judged.ignore ? 1 : 0;
    if (judged.odd) notes.oddCrowd++;
    ids[n] = evaluatedId(id);
    if (ids[n] === 0) notes.idZero++;
  }
  return { labels, boxes, areas, crowd, ignore, ids };
}

/** In the evaluation it only matters whether an id is 0; pycocotools, through numpy, also reads "0" in quotes as 0. */
function evaluatedId(id: unknown): number {
  if (typeof id === 'string') return parseFloatText(id) ?? Number.NaN;
  return typeof id === 'object' || id === undefined ? Number.NaN : Number(id);
}

/** The categories by ascending id; of two with the same id the later one counts, as in pycocotools. */
function readCategories(file: JsonObject): CocoCategory[] {
  const ids = idsOf(file, 'categories');
  const nameOf = new Map<CocoId, string>();
  for (const [i, value] of listAt(file.categories, 'categories').entries()) {
    const { id, name } = value as JsonObject;
    const known = idAt(id, `categories[${i}].id`);
    nameOf.set(known, categoryName(name) ?? String(known));
  }
  return ids.map((id) => ({ id, name: nameOf.get(id) as string }));
}

function categoryName(name: unknown): string | undefined {
  if (typeof name === 'string') return name.trim() === '' ? undefined : name;
  return typeof name === 'number' || typeof name === 'bigint' || typeof name === 'boolean' ? String(name) : undefined;
}

function idsOf(file: JsonObject, key: 'images' | 'categories'): CocoId[] {
  const written = listAt(file[key], key).map((value, i) => objectAt(value, `${key}[${i}]`).id);
  return sortedIds(written, (i) => `${key}[${i}].id`);
}
