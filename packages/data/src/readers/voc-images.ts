/** Finds the image of each VOC annotation. */
import path from 'node:path';
import { isReadName } from '../image-formats.ts';
import { stem } from './file-names.ts';
import { type Folder, onlyOne } from './folder.ts';
import { oneToOne, type Way } from './one-to-one.ts';
import { type Agreement, nameWithoutExtension, StemIndex } from './stem-index.ts';
import type { VocPart } from './voc-files.ts';
import type { VocAnnotation } from './voc-xml.ts';

/** The images of a part. */
export interface VocImages {
  /** The folder that names of annotations are relative to. */
  readonly annotations: string;
  /** Index of each folder of images, the likeliest first. */
  readonly folders: readonly StemIndex[];
  /** Absolute paths of all images. */
  readonly files: readonly string[];
}

/** A readable annotation. */
export interface VocEntry {
  readonly xml: string;
  /** The name of the XML file, for messages. */
  readonly xmlName: string;
  readonly images: VocImages;
  readonly annotation: VocAnnotation;
}

export const indexImages = ({ annotations, imageFolders }: VocPart): VocImages => ({
  annotations,
  folders: imageFolders.map(({ directory, images }) => new StemIndex(directory, images)),
  files: [...new Set(imageFolders.flatMap(({ images }) => images))],
});

/** The annotation's name in its part, without extension: `cam0/f0`. */
const nameOfXml = (xml: string, annotations: string): string =>
  nameWithoutExtension(path.relative(annotations, xml).split(path.sep).join('/'));

/**
 * The images in a part that agree with a name without extension in this way, from the likeliest folder that has any.
 */
function agreeing({ folders }: VocImages, name: string, agreement: Agreement): readonly string[] {
  return folders.map((index) => index.of(name, agreement)).find((files) => files.length > 0) ?? [];
}

/** Whether a part has an image with this name, in any spelling. */
export const hasImage = ({ folders }: VocImages, name: string): boolean =>
  folders.some((index) => index.best(name).length > 0);

/**
 * Finds each annotation's image: by the annotation's own name, because tools leave stale file names behind, then by the
 * file name in it, first exactly, then in another spelling. An image that belongs to one annotation is not assigned to
 * another.
 */
export function findVocImages(
  entries: readonly VocEntry[],
  folder: Folder,
): {
  readonly files: ReadonlyMap<VocEntry, string>;
  /** Entries whose image has another spelling. */
  readonly spelled: ReadonlySet<VocEntry>;
  /** Reasons why entries have no image. */
  readonly missing: ReadonlyMap<VocEntry, string>;
} {
  const ownName = ({ xml, images }: VocEntry): string => nameOfXml(xml, images.annotations);
  const writtenName = ({ annotation: { fileName } }: VocEntry): string | undefined =>
    fileName === undefined ? undefined : stem(fileName.replaceAll('\\', '/'));
  const candidates = (entry: VocEntry, name: string | undefined, agreement: Agreement): readonly string[] =>
    name === undefined ? [] : preferred(agreeing(entry.images, name, agreement), entry.annotation.fileName);
  const way = <Name extends string>(
    name: Name,
    nameOf: (entry: VocEntry) => string | undefined,
    agreement: Agreement,
  ): Way<VocEntry, Name> => ({ name, find: (entry) => onlyOne(candidates(entry, nameOf(entry), agreement)) });
  const { given, lost } = oneToOne(entries, [
    way('name', ownName, 'path'),
    way('name', ownName, 'file'),
    way('name', writtenName, 'file'),
    way('spelling', ownName, 'folded path'),
    way('spelling', ownName, 'folded file'),
    way('spelling', writtenName, 'folded file'),
  ]);
  const missing = new Map<VocEntry, string>();
  for (const entry of entries) {
    if (given.has(entry)) continue;
    const own = ownName(entry);
    const several = (['path', 'file'] as const)
      .map((agreement) => candidates(entry, own, agreement))
      .find(({ length }) => length > 1);
    const rival = lost.get(entry);
    if (several !== undefined) {
      const names = several.map((file) => folder.nameOf(file)).join(' or ');
      missing.set(entry, `its image may be ${names}: name the right one as filename`);
    } else if (rival !== undefined) {
      missing.set(entry, `${folder.nameOf(rival)} may be its image, or that of another annotation`);
    } else {
      const { fileName } = entry.annotation;
      const also = fileName !== undefined && writtenName(entry) !== stem(entry.xml) ? ` and no ${fileName}` : '';
      missing.set(entry, `there is no image ${own}${also}`);
    }
  }
  return {
    files: new Map([...given].map(([entry, { file }]) => [entry, file])),
    spelled: new Set([...given].flatMap(([entry, { by }]) => (by === 'spelling' ? [entry] : []))),
    missing,
  };
}

/** From several images with one name, the one with the annotation's file name, otherwise those in supported formats. */
function preferred(files: readonly string[], fileName: string | undefined): readonly string[] {
  if (files.length < 2) return files;
  const written = fileName && path.posix.basename(fileName.replaceAll('\\', '/'));
  const named = files.filter((file) => path.basename(file) === written);
  if (named.length > 0) return named;
  const read = files.filter(isReadName);
  return read.length > 0 ? read : files;
}
