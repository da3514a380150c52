/** COCO's format (https://cocodataset.org/#format-data), as written by COCO itself, Roboflow, CVAT and others. */
import pMap from 'p-map';
import { DataError } from '../error.ts';
import { describeFault, ImageError, kindOfFault, SizeMismatchError } from '../image-error.ts';
import { FileImage } from '../image-file.ts';
import { firstOfEachKind } from '../problem.ts';
import type { Size } from '../transforms/view.ts';
import { sizeOfWholeImage } from '../whole-image.ts';
import { packObjects } from './annotated-objects.ts';
import { mergeClasses } from './coco-classes.ts';
import { type CocoFiles, cocoLooksLike, findCoco, imagePlaces } from './coco-files.ts';
import { type CocoId, compareWrittenIds, type WrittenId } from './coco-ids.ts';
import { type CocoImage, type CocoSplit, fieldOf, readCocoJson } from './coco-json.ts';
import type { DatasetReader } from './dataset-reader.ts';
import { type FoundBy, findImages, likeliestFirst, type WantedImage } from './find-images.ts';
import type { Folder } from './folder.ts';
import type { Given, OneToOne } from './one-to-one.ts';
import { type Reading, type ReadSplits, type SplitName, splitNames } from './read-splits.ts';

export const coco = {
  name: 'coco',
  title: 'COCO',
  /** Describes the usual names of COCO annotations. */
  looksLike: cocoLooksLike,
  /** Finds the files with COCO annotations. */
  find: findCoco,
  /** Reads these files. */
  read: readCoco,
} as const satisfies DatasetReader<CocoFiles>;

/** An image in a JSON file, and the places where it may be. */
interface WantedCocoImage extends WantedImage {
  readonly entry: CocoImage;
}

/** A split with the places where its images may be. */
interface PlacedSplit extends CocoSplit {
  readonly wanted: readonly WantedCocoImage[];
  readonly places: readonly string[];
}

/**
 * Reads the splits' JSON files and finds their images.
 *
 * @throws DataError if a file is not complete JSON with images, annotations and categories, there are no classes, or a
 *   file has images but none can be used
 */
async function readCoco(files: CocoFiles, reading: Reading): Promise<ReadSplits> {
  const read: CocoSplit[] = [];
  for (const name of splitNames) {
    const file = files[name];
    const split = file && (await readCocoJson(file, name, reading));
    if (split) read.push(split);
  }
  if (read.length === 0) throw new DataError('the only COCO file is a test split without annotations');
  const { categories, labels, ids } = mergeClasses(read, reading.problems);
  const placed = read.map((split) => placeSplit(split, reading));
  // All splits at once, so that an image of one split is not assigned to another.
  const found = findImages(
    placed.flatMap(({ wanted }) => wanted),
    reading.folder,
  );
  const splits: { [Name in SplitName]?: readonly FileImage[] } = {};
  for (const [n, split] of placed.entries()) {
    splits[split.split] = await readImages(split, labels[n] as ReadonlyMap<CocoId, number>, found, reading);
  }
  const categoryIds = Object.fromEntries(read.map(({ split }, n) => [split, ids[n]]));
  return { categories, categoryIds, ...splits };
}

function placeSplit(split: CocoSplit, { folder }: Reading): PlacedSplit {
  const names = split.images.map(({ fileName }) => fileName);
  const places = likeliestFirst(imagePlaces(folder, split.file, split.split), names, folder);
  const wanted = split.images.map((entry) => ({ entry, written: entry.fileName, places, split: split.split }));
  return { ...split, places, wanted };
}

async function readImages(
  { name: json, wanted, places, homeless }: PlacedSplit,
  labels: ReadonlyMap<CocoId, number>,
  found: OneToOne<WantedCocoImage, FoundBy>,
  reading: Reading,
): Promise<FileImage[]> {
  const { folder, problems, pixels } = reading;
  const sizes = await pMap(
    wanted,
    async (image) => {
      const given = found.given.get(image);
      return given && sizeOf(given, image.entry, folder.nameOf(given.file), reading);
    },
    { concurrency: 16 },
  );
  const images: { readonly writtenId: WrittenId; readonly image: FileImage }[] = [];
  const names = new Map<string, string>();
  const labelledFiles = new Set(
    wanted.flatMap((image) => (image.entry.objects.length > 0 ? (found.given.get(image)?.file ?? []) : [])),
  );
  for (const [n, image] of wanted.entries()) {
    const { id, writtenId, fileName, objects, place } = image.entry;
    const given = found.given.get(image);
    const size = sizes[n];
    const entry = { file: json, field: `images[${place}].file_name` };
    if (given === undefined || size === undefined) {
      problems.push({ kind: 'missing-image', ...entry, message: describeMissing(image, found, folder) });
      continue;
    }
    const name = folder.nameOf(given.file);
    if (size instanceof SizeMismatchError) {
      problems.push({ kind: 'missing-image', ...entry, message: `there is no ${fileName}, and ${name} ${size.fault}` });
      continue;
    }
    if (size instanceof ImageError) {
      problems.push({ kind: kindOfFault(size), ...entry, message: `${name} ${describeFault(size)}` });
      continue;
    }
    if (given.by === 'spelling' || given.by === 'extension') {
      problems.push({ kind: 'other-name', ...entry, message: `${fileName} was found as ${name}` });
    }
    const other = names.get(name);
    if (other !== undefined && other !== fileName) {
      problems.push({ kind: 'duplicate-file-name', ...entry, message: `${fileName} is the same file as ${other}` });
    }
    names.set(name, fileName);
    const doubt = doubtOf(image.entry, labelledFiles.has(given.file), homeless);
    if (doubt !== undefined) {
      problems.push({ kind: 'unreadable-labels', ...entry, message: `${name}: ${doubt}` });
      continue;
    }
    const labelled = objects.map((object) => ({ ...object, label: labels.get(object.categoryId) as number }));
    const placeOf = (n: number) => {
      const object = labelled[n] as (typeof labelled)[number];
      return { file: json, field: fieldOf(object.place, object.id, 'bbox') };
    };
    const packed = packObjects(labelled, { name, ...size }, placeOf, problems);
    const file = new FileImage({ id, name, path: given.file, ...size, objects: packed, pixels });
    images.push({ writtenId, image: file });
  }
  reportLastParts(wanted, found, json, reading);
  if (images.length === 0 && wanted.length > 0) {
    const searched = sizes.every((size) => size === undefined)
      ? `, looked for in ${places.map((place) => folder.nameOf(place) || '.').join(', ')}`
      : '';
    throw new DataError(
      `none of the ${wanted.length} images of ${json} can be used${searched}${firstOfEachKind(problems)}`,
    );
  }
  // In pycocotools' order, which decides between equal scores.
  return images.sort((a, b) => compareWrittenIds(a.writtenId, b.writtenId)).map(({ image }) => image);
}

/** Why an image must not be used as annotated: it may contain objects that the entry does not mention. */
function doubtOf({ objects, unreadable }: CocoImage, isLabelled: boolean, homeless: number): string | undefined {
  if (unreadable > 0) return `${unreadable} of its ${objects.length + unreadable} objects cannot be read`;
  if (objects.length > 0) return undefined;
  if (isLabelled) return 'it has no objects here, but another entry of the same file has some';
  return homeless > 0
    ? `it has no objects, and some annotations do not say which image they belong to: ${homeless}`
    : undefined;
}

/**
 * The size of the upright image, or the error about it. A file with another name than the entry's is used as the image
 * only if its size is that of the entry.
 */
async function sizeOf(
  { file, by }: Given<FoundBy>,
  { size }: CocoImage,
  name: string,
  { pixels }: Reading,
): Promise<Size | ImageError> {
  const isSure = by === 'name' || by === 'spelling';
  try {
    const found = await sizeOfWholeImage(file, name, isSure ? size : undefined, pixels);
    if (isSure || size === undefined) return found;
    const [sides, announced] = [found, size].map(({ width, height }) => [width, height].sort().join(' × '));
    if (sides === announced) return size;
    const fault = `is ${found.width} × ${found.height} pixels, not ${size.width} × ${size.height}`;
    return new SizeMismatchError(name, fault, 'put the image there, or correct its name');
  } catch (error) {
    if (error instanceof ImageError) return error;
    throw error;
  }
}

function describeMissing(
  image: WantedCocoImage,
  { contested, lost }: OneToOne<WantedCocoImage, FoundBy>,
  folder: Folder,
): string {
  const { written } = image;
  const file = lost.get(image);
  if (file === undefined) return `there is no ${written}`;
  const other = contested.get(file)?.find((claimant) => claimant !== image)?.written;
  return `there is no ${written}; ${folder.nameOf(file)} may be meant, but ${other} may refer to it as well`;
}

function reportLastParts(
  wanted: readonly WantedCocoImage[],
  { given }: OneToOne<WantedCocoImage, FoundBy>,
  json: string,
  { folder, notices }: Reading,
): void {
  const shortened = wanted.flatMap((image) => {
    const found = given.get(image);
    return found?.by === 'last parts' ? [{ image, file: found.file }] : [];
  });
  const [first] = shortened;
  if (first === undefined) return;
  const example = `${first.image.written} as ${folder.nameOf(first.file)}`;
  notices.push(`${json}: ${shortened.length} images were found by the last parts of their names, such as ${example}`);
}
