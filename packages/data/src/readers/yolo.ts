/** YOLO's text labels, read as Ultralytics does: https://docs.ultralytics.com/datasets/detect/ */
import fs from 'node:fs';
import path from 'node:path';
import pMap from 'p-map';
import { DataError } from '../error.ts';
import { describeFault, ImageError, kindOfFault } from '../image-error.ts';
import { FileImage } from '../image-file.ts';
import { firstOfEachKind, type Problem } from '../problem.ts';
import type { Box } from '../training-objects.ts';
import { sizeOfWholeImage } from '../whole-image.ts';
import { type AnnotatedObject, boxArea, packObjects } from './annotated-objects.ts';
import type { DatasetReader } from './dataset-reader.ts';
import { stem } from './file-names.ts';
import { type Reading, type ReadSplits, type SplitName, splitNames } from './read-splits.ts';
import { decodeText } from './text.ts';
import type { YoloDescription } from './yolo-description.ts';
import { findYolo, guessYolo, readDescription, type YoloFile } from './yolo-files.ts';
import { findYoloImages } from './yolo-images.ts';
import { findLabels, labelFolders, type YoloLabels } from './yolo-labels.ts';
import { readYoloLines } from './yolo-lines.ts';

export const yolo = {
  name: 'yolo',
  title: 'YOLO',
  /** Describes the usual names of YOLO annotations. */
  looksLike: () =>
    "data.yaml, or another .yaml with names; darknet's obj.data; classes.txt or obj.names next to images and labels",
  /** Finds the file that names YOLO's classes. */
  find: findYolo,
  /** Finds a bare list of classes, which may belong to another format. */
  guess: guessYolo,
  /** Reads the labels of the images that the file refers to. */
  read: readYolo,
} as const satisfies DatasetReader<YoloFile>;

/**
 * Reads the labels and the image headers, because boxes are fractions of the sizes. An image without a label file shows
 * background, as in Ultralytics.
 *
 * @throws DataError if the description cannot be used, no image exists, or none has a label file
 */
async function readYolo(source: YoloFile, reading: Reading): Promise<ReadSplits> {
  const { folder, problems } = reading;
  const description = readDescription(source, reading);
  const splitImages = findYoloImages(description, reading);
  const listed = new Set(splitNames.flatMap((split) => splitImages[split] ?? []));
  const files = [...listed].sort((a, b) => (folder.nameOf(a) < folder.nameOf(b) ? -1 : 1));
  const labels = findLabels(files, folder);
  for (const { file, folders } of labels.orphans) {
    const places = folders.map((home) => folder.nameOf(home) || '.').join(', ');
    problems.push({
      kind: 'missing-image',
      file: folder.nameOf(file),
      message: `there is no image ${stem(file)} in ${places} for these labels`,
    });
  }
  if (files.length > 0 && labels.files.size === 0 && labels.doubts.size === 0) {
    const image = files[0] as string;
    const tried = labelFolders(image, folder).map((home) => folder.nameOf(path.join(home, `${stem(image)}.txt`)));
    throw new DataError(
      `none of the ${files.length} images of ${description.name} has labels: looked for ${tried.join(', ')}` +
        firstOfEachKind(problems),
    );
  }
  const read = await pMap(
    files,
    async (file, n) => {
      const own: Problem[] = [];
      const image = await readImage(file, { id: n + 1, labels, description, reading: { ...reading, problems: own } });
      return { image, own };
    },
    { concurrency: 16 },
  );
  for (const { own } of read) problems.push(...own);
  const images = new Map(files.map((file, n) => [file, read[n]?.image]));
  const splits: { [Name in SplitName]?: readonly FileImage[] } = {};
  for (const split of splitNames) splits[split] = splitImages[split]?.flatMap((file) => images.get(file) ?? []);
  return { categories: description.categories, ...splits };
}

interface ImageContext {
  readonly id: number;
  readonly labels: YoloLabels;
  readonly description: YoloDescription;
  readonly reading: Reading;
}

/** Reads an image; undefined where it is left out, with the reason among the problems. */
async function readImage(
  file: string,
  { id, labels, description, reading }: ImageContext,
): Promise<FileImage | undefined> {
  const { folder, problems, pixels } = reading;
  const name = folder.nameOf(file);
  const labelFile = labels.files.get(file);
  let size: { readonly width: number; readonly height: number };
  let text = '';
  try {
    size = await sizeOfWholeImage(file, name, undefined, pixels);
    if (labelFile !== undefined) text = await readLabels(labelFile, reading);
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    problems.push(
      error instanceof ImageError
        ? { kind: kindOfFault(error), file: name, message: `it ${describeFault(error)}` }
        : { kind: 'unusable-image', file: name, message: error.message },
    );
    return undefined;
  }
  const doubt = labels.doubts.get(file);
  if (doubt !== undefined) {
    problems.push({ kind: 'unreadable-labels', file: name, message: doubt });
    return undefined;
  }
  if (labels.spelled.has(file)) {
    problems.push({
      kind: 'other-name',
      file: name,
      message: `its labels were found as ${folder.nameOf(labelFile as string)}`,
    });
  }
  const labelName = labelFile === undefined ? name : folder.nameOf(labelFile);
  const objects: AnnotatedObject[] = [];
  const numbers: number[] = [];
  const lines = readYoloLines(text, description);
  for (const [number, line] of lines) {
    if ('kind' in line) problems.push({ ...line, file: labelName, field: `line ${number}` });
    else {
      const [x, y, width, height] = line.box;
      const box: Box = [x * size.width, y * size.height, width * size.width, height * size.height];
      objects.push({ label: line.label, box, area: boxArea(box), crowd: false });
      numbers.push(number);
    }
  }
  if (objects.length < lines.length) {
    const message = `${lines.length - objects.length} of the ${lines.length} lines of ${labelName} cannot be read`;
    problems.push({ kind: 'unreadable-labels', file: name, message });
    return undefined;
  }
  const placeOf = (n: number) => ({ file: labelName, field: `line ${numbers[n]}` });
  const none = labelFile === undefined ? 'it has no label file' : `${labelName} has no objects`;
  const packed = packObjects(objects, { name, ...size }, placeOf, problems, none);
  return new FileImage({ id, name, path: file, ...size, objects: packed, pixels });
}

async function readLabels(file: string, { folder, problems }: Reading): Promise<string> {
  try {
    const { text, fault } = decodeText(await fs.promises.readFile(file));
    if (fault !== undefined) problems.push({ kind: 'bad-value', file: folder.nameOf(file), message: fault });
    return text;
  } catch (error) {
    throw new DataError(`${folder.nameOf(file)} cannot be read: ${(error as Error).message}`);
  }
}
