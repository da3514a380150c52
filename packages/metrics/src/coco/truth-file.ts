/** COCO's annotation files (`instances_*.json`) as arrays to evaluate. */
import { copyBox, crowdAt, idAt, type JsonObject, listAt, numberAt, objectAt } from './fields.ts';
import { CocoFormatError } from './format-error.ts';
import type { ImageTruth } from './images.ts';

export interface CocoCategory {
  readonly id: number;
  /** its id where it has no name */
  readonly name: string;
}

export interface CocoTruth {
  /** the K classes by rising id: a label is an index into them */
  readonly categories: readonly CocoCategory[];
  /** by rising id */
  readonly imageIds: readonly number[];
  /** of each of `imageIds`, objects in the file's order */
  readonly truths: readonly ImageTruth[];
  /** annotations that do not count, which pycocotools passes over in silence: their image or category is not listed */
  readonly ignored: { readonly unknownImage: number; readonly unknownCategory: number };
  /** an annotation has the id 0: pycocotools never counts that object as found, and nor does the evaluation */
  readonly hasIdZero: boolean;
}

/**
 * Reads an annotation file as pycocotools does. `iscrowd` may be missing (then it is 0), and `area` (width × height).
 *
 * @param json what the file holds, parsed
 * @throws CocoFormatError if something is missing, of a wrong kind or not finite, or two annotations have one id
 */
export function readCocoTruth(json: unknown): CocoTruth {
  if (Array.isArray(json)) {
    throw new CocoFormatError(
      'expected an object with "images", "annotations" and "categories", found a list: are these the detections?',
    );
  }
  const file = objectAt(json, 'the file');
  const imageIds = sortedIds(listAt(file.images, 'images').map((image, i) => idOf(image, `images[${i}]`)));
  const categories = readCategories(listAt(file.categories, 'categories'));
  const annotations = listAt(file.annotations, 'annotations');

  const imageOf = indices(imageIds);
  const labelOf = indices(categories.map(({ id }) => id));
  const ofImage = imageIds.map((): number[] => []);
  const ignored = { unknownImage: 0, unknownCategory: 0 };
  const entryOf = new Map<number, number>();
  for (const [i, value] of annotations.entries()) {
    const where = `annotations[${i}]`;
    const { id, image_id, category_id } = objectAt(value, where);
    const image = imageOf.get(idAt(image_id, `${where}.image_id`));
    const label = labelOf.get(idAt(category_id, `${where}.category_id`));
    if (id !== undefined) {
      const other = entryOf.get(idAt(id, `${where}.id`));
      if (other !== undefined) {
        throw new CocoFormatError(`${where}.id is ${id}, like that of annotations[${other}]: expected different ids`);
      }
      entryOf.set(id as number, i);
    }
    if (image === undefined) ignored.unknownImage++;
    else if (label === undefined) ignored.unknownCategory++;
    else ofImage[image]?.push(i);
  }

  return {
    categories,
    imageIds,
    truths: ofImage.map((entries) => readObjects(annotations, entries, labelOf)),
    ignored,
    hasIdZero: entryOf.has(0),
  };
}

/** The objects of one image. */
function readObjects(
  annotations: readonly unknown[],
  entries: readonly number[],
  labelOf: ReadonlyMap<number, number>,
): ImageTruth {
  const count = entries.length;
  const labels = new Int32Array(count);
  const boxes = new Float64Array(4 * count);
  const areas = new Float64Array(count);
  const crowd = new Uint8Array(count);
  const ids = new Float64Array(count);
  for (const [n, entry] of entries.entries()) {
    const where = `annotations[${entry}]`;
    const { id = Number.NaN, category_id, bbox, area, iscrowd } = annotations[entry] as JsonObject;
    labels[n] = labelOf.get(category_id as number) as number;
    copyBox(bbox, `${where}.bbox`, boxes, 4 * n);
    const product = (boxes[4 * n + 2] as number) * (boxes[4 * n + 3] as number);
    areas[n] = area === undefined ? product : numberAt(area, `${where}.area`);
    crowd[n] = crowdAt(iscrowd, `${where}.iscrowd`);
    ids[n] = id as number;
  }
  return { labels, boxes, areas, crowd, ids };
}

/** By rising id; of two with one id the later counts, as in pycocotools. */
function readCategories(entries: readonly unknown[]): CocoCategory[] {
  const categories = new Map<number, CocoCategory>();
  for (const [i, value] of entries.entries()) {
    const id = idOf(value, `categories[${i}]`);
    const { name } = value as JsonObject;
    categories.set(id, { id, name: typeof name === 'string' ? name : String(id) });
  }
  return [...categories.values()].sort((a, b) => a.id - b.id);
}

const idOf = (value: unknown, where: string): number => idAt(objectAt(value, where).id, `${where}.id`);

const sortedIds = (ids: readonly number[]): number[] => [...new Set(ids)].sort((a, b) => a - b);

/** Where each id stands. */
export const indices = (ids: readonly number[]): ReadonlyMap<number, number> => new Map(ids.map((id, i) => [id, i]));
