/** Finds the images that a YOLO description names, in folders and in lists. */
import path from 'node:path';
import { DataError } from '../error.ts';
import { isImageName } from '../image-formats.ts';
import { partsOf, writtenForms } from './file-names.ts';
import { findImages, type WantedImage } from './find-images.ts';
import { type Folder, statsOf } from './folder.ts';
import { type Reading, type SplitName, splitNames } from './read-splits.ts';
import { readLines } from './text.ts';
import type { YoloDescription } from './yolo-description.ts';

/** An image that a list names. */
interface ListedImage extends WantedImage {
  readonly list: string;
  readonly line: number;
}

/** Absolute paths of the images that exist; a split is undefined where the description names none. */
export type YoloImages = Partial<Record<SplitName, readonly string[]>>;

/**
 * Goes through folders recursively, and through lists, whose lines are relative to the list, to the yaml or to its
 * `path`, or are paths from another machine.
 *
 * @throws DataError if a folder or list does not exist, or none of the images that lists name
 */
export function findYoloImages(description: YoloDescription, reading: Reading): YoloImages {
  const { folder, problems } = reading;
  const inFolders: Partial<Record<SplitName, string[]>> = {};
  const listed: ListedImage[] = [];
  for (const { split, key, written } of description.sources) {
    const found = written.map((source) => findSource(source, key, description, reading));
    // A test folder that the export left out is no reason to stop.
    if (found.every((source) => source === undefined) && split === 'test') continue;
    const missing = found.indexOf(undefined);
    if (missing >= 0) {
      const source = JSON.stringify(written[missing]);
      throw new DataError(
        `${description.name}, ${key}: ${source} is neither an existing folder nor an existing list of images`,
      );
    }
    const images: string[] = [];
    for (const source of found as string[]) {
      if (statsOf(source)?.isDirectory()) images.push(...folder.filesBelow(source).filter(isImageName));
      else listed.push(...imagesOfList(source, split, description, folder));
    }
    inFolders[split] = images;
  }
  const { given } = findImages(listed, folder);
  for (const { list, line, written } of listed.filter((image) => !given.has(image))) {
    problems.push({
      kind: 'missing-image',
      file: folder.nameOf(list),
      field: `line ${line}`,
      message: `there is no ${written}`,
    });
  }
  const [first] = listed;
  if (first !== undefined && given.size === 0 && Object.values(inFolders).every((images) => images.length === 0)) {
    const places = first.places.map((place) => folder.nameOf(place) || '.').join(', ');
    throw new DataError(
      `none of the ${listed.length} images that ${folder.nameOf(first.list)} names exists: looked for ${first.written} in ${places}`,
    );
  }
  return Object.fromEntries(
    splitNames.flatMap((split) => {
      const images = inFolders[split];
      if (images === undefined) return [];
      const ofLists = listed.flatMap((image) => (image.split === split ? (given.get(image)?.file ?? []) : []));
      return [[split, [...new Set([...images, ...ofLists])]]];
    }),
  );
}

/** Absolute path of the folder or list, or undefined if there is neither. */
function findSource(
  source: unknown,
  key: string,
  { name, home, base }: YoloDescription,
  { folder, notices }: Reading,
): string | undefined {
  if (typeof source !== 'string') return undefined;
  const plain = path.resolve(home, base, source.replaceAll('\\', '/'));
  const found = [...candidates(source, base, home, folder)].find((candidate) => {
    const stats = statsOf(candidate);
    return stats?.isDirectory() || (stats?.isFile() && candidate.endsWith('.txt'));
  });
  if (found !== undefined && found !== plain)
    notices.push(`${name} has "${key}: ${source}": read from ${folder.nameOf(found)}`);
  return found;
}

/**
 * The paths where the folder may be: as written; next to the yaml, because `path` often comes from another machine, and
 * Roboflow writes `../train/images` for `train/images` (Ultralytics accepts both); in another spelling; or, for a path
 * from another machine or folder, below the yaml by its last parts.
 */
function* candidates(source: string, base: string, home: string, folder: Folder): Generator<string> {
  for (const written of writtenForms(source.replace(/[\\/]+$/, ''))) {
    const inside = partsOf(written);
    yield path.resolve(home, base, written);
    yield path.resolve(home, written);
    yield path.join(home, ...inside);
    for (let from = 0; from < inside.length; from++) {
      const directory = folder.descend(home, inside.slice(from, -1));
      if (directory === undefined) continue;
      const name = inside.at(-1) as string;
      const found = folder.subfolder(directory, name) ?? folder.spelled(directory, name);
      if (found !== undefined) yield found;
    }
  }
}

function imagesOfList(list: string, split: SplitName, { home, base }: YoloDescription, folder: Folder): ListedImage[] {
  const places = [...new Set([path.dirname(list), path.resolve(home, base), home, folder.root])];
  return readLines(list).flatMap(({ line, text }) =>
    text === '' ? [] : [{ list, line, written: text, places, split }],
  );
}
