/** Where Pascal VOC's annotations, images and split lists lie in a folder. */
import fs from 'node:fs';
import path from 'node:path';
import { type Folder, isImageName, stem } from './folder.ts';
import { type SplitName, splitNames, splitOfName } from './read-splits.ts';
import { decodeText } from './text.ts';

export const vocLooksLike =
  'VOC2007/Annotations with JPEGImages, annotations/*.xml with images, or .xml beside the images';

/** Annotations in one folder, with the folders that may hold their images. */
export interface VocPart {
  readonly annotations: string;
  readonly imageFolders: readonly string[];
  /** if the folder's place says it */
  readonly split: SplitName | undefined;
  /** files that list the images of a split */
  readonly lists: Partial<Record<SplitName, string>>;
}

/** The parts of the data set: one for each VOC year and each folder of a split. */
export function findVoc(folder: Folder): VocPart[] | undefined {
  const bases = [folder.root, folder.subfolder(folder.root, 'VOCdevkit')].filter((base) => base !== undefined);
  const years = bases.flatMap((base) =>
    folder.folders(base).flatMap((name) => (/^VOC\d{4}$/i.test(name) ? [path.join(base, name)] : [])),
  );
  for (const homes of [years, [folder.root]]) {
    const parts = homes.flatMap((home) => partsOf(folder, home, undefined));
    if (parts.length > 0) return parts;
  }
  return undefined;
}

function partsOf(folder: Folder, home: string, split: SplitName | undefined): VocPart[] {
  const annotations = folder.subfolder(home, 'annotations');
  const xmls = annotations && folder.subfolder(annotations, 'xmls');
  const images = ['JPEGImages', 'images'].flatMap((name) => folder.subfolder(home, name) ?? []);
  for (const directory of [annotations, xmls, home]) {
    if (directory === undefined || !holdsAnnotations(folder, directory)) continue;
    const imageFolders = [...new Set([...images, directory, home])];
    return [{ annotations: directory, imageFolders, split, lists: findLists(folder, home, directory) }];
  }
  if (split !== undefined) return [];
  const inAnnotations = (annotations === undefined ? [] : folder.folders(annotations)).flatMap((name): VocPart[] => {
    const directory = path.join(annotations as string, name);
    const split = splitOfName(name);
    if (split === undefined || !holdsAnnotations(folder, directory)) return [];
    const imageFolders = [...images.flatMap((image) => folder.subfolder(image, name) ?? []), ...images, directory];
    return [{ annotations: directory, imageFolders, split, lists: {} }];
  });
  if (inAnnotations.length > 0) return inAnnotations;
  return folder.folders(home).flatMap((name) => {
    const split = splitOfName(name);
    return split === undefined ? [] : partsOf(folder, path.join(home, name), split);
  });
}

/** Whether one of the first XML files is VOC's, for many things are written in XML. */
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

/** VOC's own `trainval` stands in for a `train` that is not there. */
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

/** The names in a list, without folders and extensions: one a line, perhaps followed by VOC's 1 or -1. */
export function namesOfList(text: string, known: ReadonlySet<string>): string[] {
  return text.split(/\r\n|\r|\n/).flatMap((line) => {
    const written = line.trim().replaceAll('\\', '/');
    if (written === '') return [];
    const name = bareName(written);
    if (known.has(name)) return [name];
    const [, flagged] = /^(.*\S)\s+-?[01]$/.exec(written) ?? [];
    return [flagged === undefined ? name : bareName(flagged)];
  });
}

const bareName = (written: string): string =>
  isImageName(written) || /\.xml$/i.test(written) ? stem(written) : path.posix.basename(written);
