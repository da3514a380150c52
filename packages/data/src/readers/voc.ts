/** Pascal VOC's format: http://host.robots.ox.ac.uk/pascal/VOC/voc2012/htmldoc/ */
import fs from 'node:fs';
import pMap from 'p-map';
import { DataError } from '../error.ts';
import { describeFault, ImageError, kindOfFault } from '../image-error.ts';
import { FileImage } from '../image-file.ts';
import { firstOfEachKind, type Problem } from '../problem.ts';
import { sizeOfWholeImage } from '../whole-image.ts';
import { boxArea, packObjects } from './annotated-objects.ts';
import type { DatasetReader } from './dataset-reader.ts';
import type { Folder } from './folder.ts';
import { type Reading, type ReadSplits, type SplitName, splitNames } from './read-splits.ts';
import { decodeText } from './text.ts';
import { findVoc, type VocPart } from './voc-files.ts';
import { findVocImages, indexImages, type VocEntry, type VocImages } from './voc-images.ts';
import { describeOrigin, vocOrigin } from './voc-origin.ts';
import { listXmls } from './voc-splits.ts';
import { parseVocXml, type VocAnnotation } from './voc-xml.ts';

export interface VocOptions {
  /** 1 for VOC's own files, whose corners are the first and last pixel counted from 1. */
  readonly vocOrigin: 0 | 1;
}

export const voc = {
  name: 'voc',
  title: 'VOC',
  options: { vocOrigin },
  /** Describes the usual names of Pascal VOC annotations. */
  looksLike: () => 'VOC2007/Annotations with JPEGImages, annotations/*.xml with images, or .xml next to the images',
  /** Finds the folders with Pascal VOC annotations. */
  find: findVoc,
  /** Reads these folders. */
  read: readVoc,
} as const satisfies DatasetReader<readonly VocPart[], VocOptions>;

/** An image with a readable annotation. */
interface AnnotatedImage extends VocEntry {
  readonly path: string;
  readonly name: string;
  readonly width: number;
  readonly height: number;
}

/**
 * Reads the annotations of every part; the classes are the names that occur, sorted.
 *
 * @throws DataError if no annotation can be used
 */
async function readVoc(
  parts: readonly VocPart[],
  reading: Reading,
  { vocOrigin: origin }: VocOptions,
): Promise<ReadSplits> {
  const { folder, problems } = reading;
  const files: { [Name in SplitName]?: string[] } = {};
  const imagesOfXml = new Map<string, VocImages>();
  for (const part of parts) {
    const images = indexImages(part);
    for (const [split, xmls] of Object.entries(listXmls(part, images, reading))) {
      files[split as SplitName] = [...(files[split as SplitName] ?? []), ...xmls];
      for (const xml of xmls) imagesOfXml.set(xml, images);
    }
  }
  const entries = await readAnnotations(imagesOfXml, origin, reading);
  const annotated = await openImages(entries, imagesOfXml.size, reading);
  // An image may belong to an annotation with another name.
  const used = new Set(annotated.map(({ name }) => name));
  const unused = problems.filter(({ kind, file }) => kind !== 'unannotated-image' || !used.has(file));
  problems.splice(0, problems.length, ...unused);
  const annotations = annotated.map(({ annotation }) => annotation);
  const message = describeOrigin(annotations, origin);
  if (message)
    problems.push({ kind: 'voc-origin', file: folder.nameOf((parts[0] as VocPart).annotations) || '.', message });
  const names = [...new Set(annotations.flatMap(({ objects }) => objects.map(({ className }) => className)))].sort();
  if (names.length === 0) {
    throw new DataError(
      `no classes: none of the VOC annotations has an object that can be used${firstOfEachKind(problems)}`,
    );
  }
  const labels = new Map(names.map((name, label) => [name, label]));
  const made = new Map(
    annotated.map(({ xml, xmlName, annotation, path, name, width, height }, n) => {
      const objects = annotation.objects.map(({ className, box, difficult }) => ({
        label: labels.get(className) as number,
        box,
        area: boxArea(box),
        crowd: difficult,
      }));
      const placeOf = (n: number) => ({ file: xmlName, field: `object ${annotation.objects[n]?.number}, bndbox` });
      const image = { name, width, height };
      const packed = packObjects(objects, image, placeOf, problems);
      return [xml, new FileImage({ ...image, path, id: n + 1, objects: packed, pixels: reading.pixels })];
    }),
  );
  const categories = names.map((name, label) => ({ id: label + 1, name }));
  const splits: { [Name in SplitName]?: readonly FileImage[] } = {};
  for (const split of splitNames) splits[split] = files[split]?.flatMap((file) => made.get(file) ?? []);
  return { categories, ...splits };
}

async function readAnnotations(
  imagesOfXml: ReadonlyMap<string, VocImages>,
  origin: 0 | 1,
  { folder, problems }: Reading,
): Promise<VocEntry[]> {
  const read = await pMap(
    [...imagesOfXml],
    async ([xml, images]) => {
      const own: Problem[] = [];
      const annotation = await readAnnotation(xml, { origin, folder, problems: own });
      return { own, entry: annotation && { xml, xmlName: folder.nameOf(xml), images, annotation } };
    },
    { concurrency: 16 },
  );
  for (const { own } of read) problems.push(...own);
  return read.flatMap(({ entry }) => entry ?? []);
}

async function readAnnotation(
  file: string,
  { origin, folder, problems }: { readonly origin: 0 | 1; readonly folder: Folder; readonly problems: Problem[] },
): Promise<VocAnnotation | undefined> {
  const name = folder.nameOf(file);
  try {
    const { text, fault } = decodeText(await fs.promises.readFile(file), { xml: true });
    if (fault !== undefined) problems.push({ kind: 'bad-value', file: name, message: fault });
    return parseVocXml(text, { name, origin, problems });
  } catch (error) {
    if (!(error instanceof DataError) && (error as NodeJS.ErrnoException).code === undefined) throw error;
    problems.push({ kind: 'unusable-image', file: name, message: withoutName((error as Error).message, name) });
    return undefined;
  }
}

/**
 * Finds and opens the images, and leaves out those that cannot be used.
 *
 * @throws DataError if none is left
 */
async function openImages(
  entries: readonly VocEntry[],
  count: number,
  { folder, problems, pixels }: Reading,
): Promise<AnnotatedImage[]> {
  const found = findVocImages(entries, folder);
  const sized = await pMap(
    entries,
    async (entry) => {
      const file = found.files.get(entry);
      if (file === undefined) return undefined;
      return sizeOfWholeImage(file, folder.nameOf(file), entry.annotation.size, pixels).catch((error: unknown) => {
        if (error instanceof ImageError) return error;
        throw error;
      });
    },
    { concurrency: 16 },
  );
  const images: AnnotatedImage[] = [];
  for (const [n, entry] of entries.entries()) {
    const { xmlName, annotation } = entry;
    const [file, size] = [found.files.get(entry), sized[n]];
    if (file === undefined || size === undefined) {
      problems.push({
        kind: 'missing-image',
        file: xmlName,
        message: found.missing.get(entry) ?? 'its image does not exist',
      });
      continue;
    }
    const name = folder.nameOf(file);
    if (size instanceof ImageError) {
      problems.push({ kind: kindOfFault(size), file: name, message: `it ${describeFault(size)}` });
      continue;
    }
    if (found.spelled.has(entry)) {
      problems.push({ kind: 'other-name', file: xmlName, message: `the image was found as ${name}` });
    }
    const { unreadable, objects } = annotation;
    if (unreadable > 0) {
      const message = `${unreadable} of the ${objects.length + unreadable} objects of ${xmlName} cannot be read`;
      problems.push({ kind: 'unreadable-labels', file: name, message });
      continue;
    }
    images.push({ ...entry, path: file, name, width: size.width, height: size.height });
  }
  if (images.length === 0) {
    throw new DataError(`none of the ${count} VOC annotations can be used${firstOfEachKind(problems)}`);
  }
  return images.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

/** Removes the file's name from a message for a problem, which has it already. */
function withoutName(message: string, name: string): string {
  if (message.startsWith(`${name}, `)) return message.slice(name.length + 2);
  return message.startsWith(`${name} `) ? `it${message.slice(name.length)}` : message;
}
