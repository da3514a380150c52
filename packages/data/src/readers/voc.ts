/** Pascal VOC's format: http://host.robots.ox.ac.uk/pascal/VOC/voc2012/htmldoc/ */
import fs from 'node:fs';
import path from 'node:path';
import { mapConcurrently } from '../concurrently.ts';
import { DataError } from '../error.ts';
import { FileImage, ImageError } from '../image-file.ts';
import type { Problem } from '../problem.ts';
import { sizeOfWholeImage } from '../whole-image.ts';
import { boxArea, packObjects } from './annotated-objects.ts';
import { type Folder, fold, isImageName, stem } from './folder.ts';
import { type Reading, type ReadSplits, type SplitName, splitNames } from './read-splits.ts';
import { decodeText } from './text.ts';
import { namesOfList, type VocPart } from './voc-files.ts';
import { describeOrigin } from './voc-origin.ts';
import { parseVocXml, type VocAnnotation } from './voc-xml.ts';

/** An image whose annotation could be read. */
interface AnnotatedImage {
  readonly annotation: VocAnnotation;
  readonly annotationName: string;
  readonly path: string;
  readonly name: string;
  readonly width: number;
  readonly height: number;
}

/**
 * Reads the annotations of every part; classes are the names that occur, sorted.
 *
 * @throws DataError if no annotation can be used
 */
export async function readVoc(
  parts: readonly VocPart[],
  { origin = 0 }: { readonly origin?: 0 | 1 },
  reading: Reading,
): Promise<ReadSplits> {
  const { folder, problems } = reading;
  const files: { [Name in SplitName]?: string[] } = {};
  const images = new Map<string, ImagesOfPart>();
  for (const part of parts) {
    const imagesOfPart = new ImagesOfPart(part, folder);
    for (const [split, names] of Object.entries(listNames(part, imagesOfPart, reading))) {
      files[split as SplitName] = [...(files[split as SplitName] ?? []), ...names];
      for (const name of names) images.set(name, imagesOfPart);
    }
  }
  const read = await mapConcurrently([...images], 16, async ([file, imagesOfPart]) => {
    const own: Problem[] = [];
    const image = await readAnnotation(file, imagesOfPart, { origin, folder, problems: own });
    return { file, image, own };
  });
  for (const { own } of read) problems.push(...own);
  const annotated = read.flatMap(({ file, image }) => (image === undefined ? [] : [{ file, ...image }]));
  annotated.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  if (annotated.length === 0) {
    const reason = problems[0] && ` (the first: ${problems[0].file}: ${problems[0].message})`;
    throw new DataError(`none of the ${read.length} VOC annotations can be used${reason ?? ''}`);
  }
  const annotations = annotated.map(({ annotation }) => annotation);
  const message = describeOrigin(annotations, origin);
  if (message)
    problems.push({ kind: 'voc-origin', file: folder.nameOf((parts[0] as VocPart).annotations) || '.', message });
  const names = [...new Set(annotations.flatMap(({ objects }) => objects.map(({ className }) => className)))].sort();
  if (names.length === 0) throw new DataError('no classes: none of the VOC annotations has an object that can be used');
  const labels = new Map(names.map((name, label) => [name, label]));
  const made = new Map(
    annotated.map(({ file, annotation, annotationName, ...image }, n) => {
      const objects = annotation.objects.map(({ className, box, difficult }) => ({
        label: labels.get(className) as number,
        box,
        area: boxArea(box),
        crowd: difficult,
      }));
      const placeOf = (n: number) => ({
        file: annotationName,
        field: `object ${annotation.objects[n]?.number}, bndbox`,
      });
      return [file, new FileImage({ ...image, id: n + 1, objects: packObjects(objects, image, placeOf, problems) })];
    }),
  );
  const splits: { [Name in SplitName]?: readonly FileImage[] } = {};
  for (const split of splitNames) splits[split] = files[split]?.flatMap((file) => made.get(file) ?? []);
  return { categories: names.map((name, label) => ({ id: label + 1, name })), ...splits };
}

/** Image files by their names without extension, the likeliest folder first. */
class ImagesOfPart {
  readonly #exact = new Map<string, string>();
  readonly #folded = new Map<string, string>();

  constructor(
    readonly part: VocPart,
    readonly folder: Folder,
  ) {
    for (const directory of part.imageFolders) {
      for (const name of folder.files(directory).filter(isImageName)) {
        const [key, file] = [stem(name), path.join(directory, name)];
        if (!this.#exact.has(key)) this.#exact.set(key, file);
        if (!this.#folded.has(fold(key))) this.#folded.set(fold(key), file);
      }
    }
  }

  find(name: string): string | undefined {
    return this.#exact.get(name) ?? this.#folded.get(fold(name));
  }

  names(): string[] {
    return [...this.#exact.keys()];
  }
}

/** The annotation files of each split. */
function listNames(
  part: VocPart,
  images: ImagesOfPart,
  { folder, problems, notices }: Reading,
): Partial<Record<SplitName, string[]>> {
  const files = new Map(
    folder.files(part.annotations).flatMap((name) => (/\.xml$/i.test(name) ? [[stem(name), name] as const] : [])),
  );
  const fileOf = (name: string): string => path.join(part.annotations, files.get(name) as string);
  const report = (kind: 'unannotated-image' | 'missing-image', file: string, message: string): void => {
    problems.push({ kind, file, message });
  };
  const lists = Object.entries(part.lists) as [SplitName, string][];
  if (part.split !== undefined || lists.length === 0) {
    const place = folder.nameOf(part.annotations) || 'the folder';
    for (const name of images.names().filter((name) => !files.has(name))) {
      report('unannotated-image', folder.nameOf(images.find(name) as string), `${place} has no ${name}.xml`);
    }
    return { [part.split ?? 'train']: [...files.keys()].map(fileOf) };
  }
  const unlisted = new Set(files.keys());
  const splits: Partial<Record<SplitName, string[]>> = {};
  for (const [split, list] of lists) {
    const listed: string[] = [];
    const listName = folder.nameOf(list);
    const { text, fault } = decodeText(fs.readFileSync(list));
    if (fault !== undefined) problems.push({ kind: 'bad-value', file: listName, message: fault });
    for (const name of new Set(namesOfList(text, new Set(files.keys())))) {
      unlisted.delete(name);
      if (files.has(name)) listed.push(fileOf(name));
      else if (images.find(name) === undefined) report('missing-image', listName, `there is no ${name}`);
      else report('unannotated-image', listName, `there is no ${name}.xml`);
    }
    splits[split] = listed;
  }
  if (unlisted.size > 0) {
    const lists = Object.values(part.lists).map((list) => folder.nameOf(list));
    notices.push(`annotated images in none of ${lists.join(', ')}: ${unlisted.size}, not used`);
  }
  return splits;
}

async function readAnnotation(
  file: string,
  images: ImagesOfPart,
  { origin, folder, problems }: { readonly origin: 0 | 1; readonly folder: Folder; readonly problems: Problem[] },
): Promise<AnnotatedImage | undefined> {
  const annotationName = folder.nameOf(file);
  let annotation: VocAnnotation;
  try {
    const { text, fault } = decodeText(await fs.promises.readFile(file), { xml: true });
    if (fault !== undefined) problems.push({ kind: 'bad-value', file: annotationName, message: fault });
    annotation = parseVocXml(text, { name: annotationName, origin, problems });
  } catch (error) {
    if (!(error instanceof DataError) && (error as NodeJS.ErrnoException).code === undefined) throw error;
    const message = withoutName((error as Error).message, annotationName);
    problems.push({ kind: 'unusable-image', file: annotationName, message });
    return undefined;
  }
  // The annotation's own name goes first, for tools leave stale file names behind.
  const { fileName } = annotation;
  const written = fileName && stem(fileName.replaceAll('\\', '/'));
  const image = images.find(stem(file)) ?? (written && images.find(written));
  if (!image) {
    const also = written && written !== stem(file) ? ` and no ${fileName}` : '';
    problems.push({ kind: 'missing-image', file: annotationName, message: `there is no image ${stem(file)}${also}` });
    return undefined;
  }
  const name = folder.nameOf(image);
  if (stem(image) !== stem(file) && stem(image) !== written) {
    problems.push({ kind: 'other-name', file: annotationName, message: `the image is there as ${name}` });
  }
  try {
    const size = await sizeOfWholeImage(image, name, annotation.size);
    return { annotation, annotationName, path: image, name, ...size };
  } catch (error) {
    if (!(error instanceof ImageError)) throw error;
    problems.push({ kind: 'damaged-image', file: name, message: `it ${error.fault}` });
    return undefined;
  }
}

/** A message for a problem, which names the file already. */
function withoutName(message: string, name: string): string {
  if (message.startsWith(`${name}, `)) return message.slice(name.length + 2);
  return message.startsWith(`${name} `) ? `it${message.slice(name.length)}` : message;
}
