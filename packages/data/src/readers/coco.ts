/** COCO's format (https://cocodataset.org/#format-data), as COCO itself, Roboflow, CVAT and others write it. */
import path from 'node:path';
import { mapConcurrently } from '../concurrently.ts';
import { DataError } from '../error.ts';
import { FileImage, ImageError } from '../image-file.ts';
import { sizeOfWholeImage } from '../whole-image.ts';
import { packObjects } from './annotated-objects.ts';
import { mergeClasses } from './coco-classes.ts';
import { type CocoFiles, CocoImages } from './coco-files.ts';
import { type CocoImage, type CocoSplit, fieldOf, readCocoJson } from './coco-json.ts';
import { type Reading, type ReadSplits, type SplitName, splitNames } from './read-splits.ts';

/**
 * Reads the splits' JSON files and finds their images.
 *
 * @throws DataError if a file is no whole JSON with images, annotations and categories, there are no classes, or none
 *   of a file's images is there
 */
export async function readCoco(files: CocoFiles, reading: Reading): Promise<ReadSplits> {
  const read: CocoSplit[] = [];
  for (const name of splitNames) {
    const file = files[name];
    const split = file && (await readCocoJson(file, name, reading));
    if (split) read.push(split);
  }
  if (read.length === 0) throw new DataError('the only COCO file is a test split without annotations');
  const { categories, labels } = mergeClasses(read, reading.problems);
  const splits: { [Name in SplitName]?: readonly FileImage[] } = {};
  for (const [n, split] of read.entries()) {
    splits[split.split] = await findImages(split, labels[n] as ReadonlyMap<number, number>, reading);
  }
  return { categories, ...splits };
}

async function findImages(
  { split, file, name: json, images }: CocoSplit,
  labels: ReadonlyMap<number, number>,
  reading: Reading,
): Promise<FileImage[]> {
  const { folder, problems } = reading;
  const places = new CocoImages(folder, file, split);
  const paths = findPaths(images, places, json, reading);
  const sizes = await mapConcurrently(images, 16, async ({ size }, n) => {
    const path = paths[n];
    if (path === undefined) return undefined;
    return sizeOfWholeImage(path, folder.nameOf(path), size).catch((error: unknown) => {
      if (error instanceof ImageError) return error;
      throw error;
    });
  });
  const found: FileImage[] = [];
  for (const [n, { id, fileName, objects, place }] of images.entries()) {
    const [file, size] = [paths[n], sizes[n]];
    const entry = { file: json, field: `images[${place}].file_name` };
    if (file === undefined || size === undefined) {
      problems.push({ kind: 'missing-image', ...entry, message: `there is no ${fileName}` });
      continue;
    }
    if (size instanceof ImageError) {
      problems.push({ kind: 'damaged-image', ...entry, message: `${folder.nameOf(file)} ${size.fault}` });
      continue;
    }
    const name = folder.nameOf(file);
    if (path.basename(file) !== fileName.split(/[\\/]/).at(-1)) {
      problems.push({ kind: 'other-name', ...entry, message: `${fileName} is there as ${name}` });
    }
    const labelled = objects.map((object) => ({ ...object, label: labels.get(object.label) as number }));
    const placeOf = (n: number) => {
      const object = labelled[n] as (typeof labelled)[number];
      return { file: json, field: fieldOf(object.place, object.id, 'bbox') };
    };
    const packed = packObjects(labelled, { name, ...size }, placeOf, problems);
    found.push(new FileImage({ id, name, path: file, ...size, objects: packed }));
  }
  const first = images[0]?.fileName;
  if (found.length === 0 && first !== undefined) {
    const [path, size] = [paths[0], sizes[0]];
    const reason =
      path !== undefined && size instanceof ImageError
        ? `${folder.nameOf(path)} ${size.fault}`
        : `looked for ${first} in ${places.describe()}`;
    throw new DataError(`no image of ${json} can be used, of ${images.length}: ${reason}`);
  }
  // As pycocotools goes through them: with equal scores, the order decides.
  return found.sort((a, b) => a.id - b.id);
}

/** Of each image, its absolute path, or undefined. */
function findPaths(
  images: readonly CocoImage[],
  places: CocoImages,
  json: string,
  { folder, notices }: Reading,
): (string | undefined)[] {
  const found = images.map(({ fileName }) => places.find(fileName));
  const names = new Map<string, Set<string>>();
  for (const [n, file] of found.entries()) {
    if (file === undefined) continue;
    const ofFile = names.get(file.path) ?? new Set();
    names.set(file.path, ofFile.add((images[n] as CocoImage).fileName));
  }
  // One file cannot be two images: what only its last parts say is not certain enough then.
  const paths = found.map((file) => (file?.shortened && names.get(file.path)?.size !== 1 ? undefined : file?.path));
  const shortened = found.flatMap((file, n) => (file?.shortened && paths[n] !== undefined ? [n] : []));
  const [first] = shortened;
  if (first !== undefined) {
    const example = `${(images[first] as CocoImage).fileName} as ${folder.nameOf(paths[first] as string)}`;
    notices.push(`${json}: ${shortened.length} images are found by the last parts of their names, such as ${example}`);
  }
  return paths;
}
