/** YOLO's text labels, as Ultralytics reads them: https://docs.ultralytics.com/datasets/detect/ */
import fs from 'node:fs';
import path from 'node:path';
import { mapConcurrently } from '../concurrently.ts';
import { DataError } from '../error.ts';
import { FileImage, ImageError } from '../image-file.ts';
import type { Problem } from '../problem.ts';
import type { Box } from '../training-objects.ts';
import { sizeOfWholeImage } from '../whole-image.ts';
import { type AnnotatedObject, boxArea, packObjects } from './annotated-objects.ts';
import { type Folder, fold, isImageName, stem } from './folder.ts';
import { type Reading, type ReadSplits, type SplitName, splitNames } from './read-splits.ts';
import { decodeText } from './text.ts';
import { readYoloYaml, type YoloFiles } from './yolo-files.ts';

/**
 * Reads the labels and the image headers, for the boxes are fractions of the sizes. An image without a label file shows
 * background, as in Ultralytics.
 *
 * @throws DataError if the yaml cannot be used, or no image has a label file
 */
export async function readYolo(yamlFile: string, reading: Reading): Promise<ReadSplits> {
  const { folder, problems } = reading;
  const yaml = readYoloYaml(yamlFile, reading);
  const listed = new Set(splitNames.flatMap((split) => yaml.images[split] ?? []));
  const files = [...listed].sort((a, b) => (folder.nameOf(a) < folder.nameOf(b) ? -1 : 1));
  const labelFiles = files.map((file) => findLabels(file, folder));
  if (files.length > 0 && labelFiles.every((file) => file === undefined)) {
    const tried = labelPlaces(files[0] as string).map((file) => folder.nameOf(file));
    throw new DataError(
      `none of the ${files.length} images of ${yaml.name} has labels: looked for ${tried.join(', ')}`,
    );
  }
  const read = await mapConcurrently(files, 16, async (file, n) => {
    const own: Problem[] = [];
    const image = await readImage(file, { id: n + 1, labels: labelFiles[n], yaml, folder, problems: own });
    return { image, own };
  });
  for (const { own } of read) problems.push(...own);
  reportOrphans(files, labelFiles, reading);
  const images = new Map(files.map((file, n) => [file, read[n]?.image]));
  const splits: { [Name in SplitName]?: readonly FileImage[] } = {};
  for (const split of splitNames) splits[split] = yaml.images[split]?.flatMap((file) => images.get(file) ?? []);
  return { categories: yaml.categories, ...splits };
}

/** The label file in `labels` for an image in `images`, or the one beside the image. */
function labelPlaces(image: string): string[] {
  const name = `${stem(image)}.txt`;
  const parts = path.dirname(image).split(path.sep);
  const images = parts.lastIndexOf('images');
  const beside = path.join(path.dirname(image), name);
  return images < 0 ? [beside] : [[...parts.with(images, 'labels'), name].join(path.sep), beside];
}

function findLabels(image: string, folder: Folder): string | undefined {
  for (const place of labelPlaces(image)) {
    const file = folder.find(place);
    if (file !== undefined) return file;
  }
  return undefined;
}

/** Label files whose images are not there. Where labels lie beside images, other texts may too. */
function reportOrphans(
  images: readonly string[],
  labelFiles: readonly (string | undefined)[],
  { folder, problems }: Reading,
): void {
  const known = new Set(labelFiles);
  const imageFolders = new Map<string, Set<string>>();
  for (const image of images) {
    for (const place of labelPlaces(image)) {
      const directory = path.dirname(place);
      imageFolders.set(directory, (imageFolders.get(directory) ?? new Set()).add(path.dirname(image)));
    }
  }
  for (const [directory, homes] of imageFolders) {
    const stems = new Set([...homes].flatMap((home) => folder.files(home).filter(isImageName)).map(foldedStem));
    for (const name of folder.files(directory)) {
      const file = path.join(directory, name);
      if (!/\.txt$/i.test(name) || known.has(file) || stems.has(foldedStem(name)) || !holdsLabels(file)) continue;
      const message = `there is no image ${stem(name)} in ${[...homes].map((home) => folder.nameOf(home) || '.').join(', ')}`;
      problems.push({ kind: 'missing-image', file: folder.nameOf(file), message });
    }
  }
}

const foldedStem = (name: string): string => fold(stem(name));

function holdsLabels(file: string): boolean {
  try {
    return /^\s*\d+(?:\.0*)?(?:\s+[-+.\de]+){4}/i.test(decodeText(fs.readFileSync(file)).text);
  } catch {
    return false;
  }
}

interface ImageContext {
  readonly id: number;
  readonly labels: string | undefined;
  readonly yaml: YoloFiles;
  readonly folder: Folder;
  readonly problems: Problem[];
}

async function readImage(file: string, context: ImageContext): Promise<FileImage | undefined> {
  const { id, labels, yaml, folder, problems } = context;
  const name = folder.nameOf(file);
  if (folder.exact(file) === undefined) {
    problems.push({ kind: 'missing-image', file: yaml.name, message: `there is no ${name}` });
    return undefined;
  }
  let size: { readonly width: number; readonly height: number };
  let text = '';
  try {
    size = await sizeOfWholeImage(file, name);
    if (labels !== undefined) text = await readLabels(labels, context);
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    problems.push(
      error instanceof ImageError
        ? { kind: 'damaged-image', file: name, message: `it ${error.fault}` }
        : { kind: 'unusable-image', file: name, message: error.message },
    );
    return undefined;
  }
  const objects: AnnotatedObject[] = [];
  const lines: number[] = [];
  const labelFile = labels === undefined ? name : folder.nameOf(labels);
  for (const [n, line] of text.split(/\r\n|\r|\n/).entries()) {
    if (line.trim() === '') continue;
    const object = parseLine(line, size, yaml);
    if ('kind' in object) {
      problems.push({ ...object, file: labelFile, field: `line ${n + 1}` });
    } else {
      objects.push(object);
      lines.push(n + 1);
    }
  }
  const placeOf = (n: number) => ({ file: labelFile, field: `line ${lines[n]}` });
  const none = labels === undefined ? 'it has no label file' : `${labelFile} has no object`;
  return new FileImage({
    id,
    name,
    path: file,
    ...size,
    objects: packObjects(objects, { name, ...size }, placeOf, problems, none),
  });
}

async function readLabels(
  file: string,
  { folder, problems }: Pick<ImageContext, 'folder' | 'problems'>,
): Promise<string> {
  try {
    const { text, fault } = decodeText(await fs.promises.readFile(file));
    if (fault !== undefined) problems.push({ kind: 'bad-value', file: folder.nameOf(file), message: fault });
    return text;
  } catch (error) {
    throw new DataError(`${folder.nameOf(file)} cannot be read: ${(error as Error).message}`);
  }
}

/** A line is `class cx cy w h`, or `class x1 y1 x2 y2 x3 y3 …`, a polygon; fractions of the image's size. */
function parseLine(
  line: string,
  { width, height }: { width: number; height: number },
  { labels, categories, keypoints }: YoloFiles,
): AnnotatedObject | Pick<Problem, 'kind' | 'message'> {
  const [written = '', ...rest] = line.trim().split(/\s+/);
  const label = labels.get(Number(written));
  if (label === undefined) {
    const expected = categories.length === 1 ? '0' : `one of the ${categories.length} indices of names`;
    return { kind: 'unknown-class', message: `${shorten(written)} is no class: expected ${expected}` };
  }
  const values = (keypoints ? rest.slice(0, 4) : rest).map(Number);
  const isPolygon = values.length >= 6 && values.length % 2 === 0;
  if ((values.length !== 4 && !isPolygon) || !values.every((value) => Number.isFinite(value))) {
    const expected = 'expected class, centre x, centre y, width and height, or class and the corners of a polygon';
    return { kind: 'bad-object', message: `${shorten(line.trim())}: ${expected}` };
  }
  if (values.some((value) => value < -1 || value > 2)) {
    return { kind: 'bad-object', message: `${shorten(line.trim())}: expected fractions of the image's size, 0 to 1` };
  }
  let [left, top, w, h] = values as [number, number, number, number];
  if (isPolygon) {
    const xs = Float64Array.from(values.filter((_, n) => n % 2 === 0)).sort();
    const ys = Float64Array.from(values.filter((_, n) => n % 2 === 1)).sort();
    [left, top] = [xs[0] as number, ys[0] as number];
    [w, h] = [(xs.at(-1) as number) - left, (ys.at(-1) as number) - top];
  } else [left, top] = [left - w / 2, top - h / 2];
  const box: Box = [left * width, top * height, w * width, h * height];
  return { label, box, area: boxArea(box), crowd: false };
}

const shorten = (text: string): string => (text.length > 60 ? `${text.slice(0, 57)}…` : text);
