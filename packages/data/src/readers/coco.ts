/** COCO's format (https://cocodataset.org/#format-data), as COCO itself, Roboflow, CVAT and others write it. */
import path from 'node:path';
import { mapConcurrently } from '../concurrently.ts';
import { DataError } from '../error.ts';
import { FileImage, ImageError } from '../image-file.ts';
import { sizeOfWholeImage } from '../whole-image.ts';
import { packObjects } from './annotated-objects.ts';
import { mergeClasses } from './coco-classes.ts';
import { type CocoFiles, CocoImages } from './coco-files.ts';
import { type CocoSplit, fieldOf, readCocoJson } from './coco-json.ts';
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
  { folder, problems }: Reading,
): Promise<FileImage[]> {
  const places = new CocoImages(folder, file, split);
  const paths = images.map(({ fileName }) => places.find(fileName));
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
