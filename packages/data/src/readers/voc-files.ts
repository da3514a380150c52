/** Finds Pascal VOC's annotations, images and split lists in a folder. */
import fs from 'node:fs';
import path from 'node:path';
import { isImageName } from '../image-formats.ts';
import type { Folder } from './folder.ts';
import { type SplitName, splitNames, splitOfName } from './read-splits.ts';
import { nameWithoutExtension } from './stem-index.ts';
import { decodeText } from './text.ts';

/** Annotations in one folder and those below it, with the folders that may hold their images. */
export interface VocPart {
  readonly annotations: string;
  /** Absolute paths of the XML files. */
  readonly xmls: readonly string[];
  readonly imageFolders: readonly ImageFolder[];
  /** The split, if the folder's location indicates it. */
  readonly split: SplitName | undefined;
  /** Files that list the images of a split. */
  readonly lists: Partial<Record<SplitName, string>>;
}

export interface ImageFolder {
  readonly directory: string;
  /** Absolute paths of the images in it, and of those below it where it is a folder of images. */
  readonly images: readonly string[];
}

/** Maximum depth of the folders of cameras or days that have their own annotations. */
const nesting = 3;

/** The parts of the data set: one for each VOC year, each folder of a split, and each folder with `Annotations`. */
export function findVoc(folder: Folder): VocPart[] | undefined {
  const bases = [folder.root, folder.subfolder(folder.root, 'VOCdevkit')].filter((base) => base !== undefined);
  const years = bases.flatMap((base) =>
    folder.folders(base).flatMap((name) => (/^VOC\d{4}$/i.test(name) ? [path.join(base, name)] : [])),
  );
  for (const homes of [years, [folder.root]]) {
    const parts = homes.flatMap((home) => datasetParts(folder, home, undefined));
    if (parts.length > 0) return parts;
  }
  const nested = nestedParts(folder, folder.root, nesting, undefined);
  return nested.length > 0 ? nested : undefined;
}

function nestedParts(folder: Folder, home: string, depth: number, split: SplitName | undefined): VocPart[] {
  if (depth === 0) return [];
  return folder.folders(home).flatMap((name) => {
    const inner = path.join(home, name);
    const hasAnnotations = folder.subfolder(inner, 'annotations') !== undefined;
    const own = splitOfName(name) ?? split;
    const parts = hasAnnotations ? datasetParts(folder, inner, own) : [];
    return parts.length > 0 ? parts : nestedParts(folder, inner, depth - 1, own);
  });
}

function datasetParts(folder: Folder, home: string, split: SplitName | undefined): VocPart[] {
  const annotations = folder.subfolder(home, 'annotations');
  const xmls = annotations && folder.subfolder(annotations, 'xmls');
  const images = ['JPEGImages', 'images'].flatMap((name) => folder.subfolder(home, name) ?? []);
  for (const directory of [annotations, xmls, home]) {
    if (directory === undefined || !holdsAnnotations(folder, directory)) continue;
    const lists = findLists(folder, home, directory);
    const within =
      directory === home ? folder.files(home).map((name) => path.join(home, name)) : folder.filesBelow(directory);
    return [
      partOf(folder, {
        annotations: directory,
        files: within,
        imageFolders: [...images, directory],
        home,
        split,
        lists,
      }),
    ];
  }
  if (split !== undefined) return [];
  const inner = annotations === undefined ? [] : folder.folders(annotations);
  const ofSplits = inner.flatMap((name): VocPart[] => {
    const directory = path.join(annotations as string, name);
    const split = splitOfName(name);
    if (split === undefined || !holdsAnnotationsBelow(folder, directory)) return [];
    const ofSplit = images.flatMap((image) => folder.subfolder(image, name) ?? []);
    const imageFolders = [...(ofSplit.length > 0 ? ofSplit : images), directory];
    return [
      partOf(folder, {
        annotations: directory,
        files: folder.filesBelow(directory),
        imageFolders,
        home,
        split,
        lists: {},
      }),
    ];
  });
  if (ofSplits.length > 0) return ofSplits;
  // Folders of cameras or days, each with annotations.
  if (annotations !== undefined && inner.some((name) => holdsAnnotationsBelow(folder, path.join(annotations, name)))) {
    const lists = findLists(folder, home, annotations);
    const files = folder.filesBelow(annotations);
    return [partOf(folder, { annotations, files, imageFolders: [...images, annotations], home, split, lists })];
  }
  return folder.folders(home).flatMap((name) => {
    const split = splitOfName(name);
    return split === undefined ? [] : datasetParts(folder, path.join(home, name), split);
  });
}

interface PartPlaces extends Omit<VocPart, 'xmls' | 'imageFolders'> {
  readonly files: readonly string[];
  readonly imageFolders: readonly string[];
  readonly home: string;
}

function partOf(folder: Folder, { files, imageFolders, home, ...part }: PartPlaces): VocPart {
  const imagesBelow = [...new Set(imageFolders)].flatMap((directory): ImageFolder[] =>
    directory === home ? [] : [{ directory, images: folder.filesBelow(directory).filter(isImageName) }],
  );
  const beside = folder
    .files(home)
    .filter(isImageName)
    .map((name) => path.join(home, name));
  return {
    ...part,
    xmls: files.filter((file) => /\.xml$/i.test(file)),
    imageFolders: [...imagesBelow, { directory: home, images: beside }],
  };
}

const holdsAnnotationsBelow = (folder: Folder, directory: string): boolean =>
  holdsAnnotations(folder, directory) ||
  folder.folders(directory).some((name) => holdsAnnotationsBelow(folder, path.join(directory, name)));

/** Whether one of the first XML files is VOC's, because many things are written in XML. */
function holdsAnnotations(folder: Folder, directory: string): boolean {
  const names = folder.files(directory).filter((name) => /\.xml$/i.test(name));
  return names.slice(0, 5).some((name) => {
    try {
      return decodeText(fs.readFileSync(path.join(directory, name)), { xml: true }).text.includes('<annotation');
    } catch {
      return false;
    }
  });
}

/** Finds the lists of the splits. VOC's own `trainval` stands in for a missing `train`. */
function findLists(folder: Folder, home: string, annotations: string): Partial<Record<SplitName, string>> {
  const sets = folder.subfolder(home, 'ImageSets');
  const places = [sets && folder.subfolder(sets, 'Main'), sets, home, annotations].filter(
    (place) => place !== undefined,
  );
  const names = {
    train: ['train', 'trainval'],
    val: ['val', 'valid', 'validation'],
    test: ['test'],
  } as const;
  for (const place of places) {
    const lists: Partial<Record<SplitName, string>> = {};
    for (const split of splitNames) {
      const name = names[split].find((name) => folder.exact(path.join(place, `${name}.txt`)) !== undefined);
      if (name !== undefined) lists[split] = path.join(place, `${name}.txt`);
    }
    if (Object.keys(lists).length > 0) return lists;
  }
  return {};
}

/** The names in a list, without extensions: one per line, possibly followed by VOC's 1 or -1. */
export function namesOfList(text: string, isKnown: (name: string) => boolean): string[] {
  return text.split(/\r\n|\r|\n/).flatMap((line) => {
    const written = line.trim().replaceAll('\\', '/');
    if (written === '') return [];
    const name = bareName(written);
    if (isKnown(name)) return [name];
    const [, flagged] = /^(.*\S)\s+-?[01]$/.exec(written) ?? [];
    return [flagged === undefined ? name : bareName(flagged)];
  });
}

const bareName = (written: string): string =>
  isImageName(written) || /\.xml$/i.test(written) ? nameWithoutExtension(written) : written;
