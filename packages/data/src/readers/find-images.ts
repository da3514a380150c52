/** Finds the images that annotation files and lists refer to, on whatever machine their paths were written. */
import path from 'node:path';
import { isImageName } from '../image-formats.ts';
import { foldName, isForeign, partsOf, stem, writtenForms } from './file-names.ts';
import { type Folder, onlyOne } from './folder.ts';
import { isNobodysData } from './nobodys-data.ts';
import { type OneToOne, oneToOne } from './one-to-one.ts';
import { type SplitName, splitOfName } from './read-splits.ts';

export interface WantedImage {
  /** The name or path as written. */
  readonly written: string;
  /** Absolute folders that it may be relative to, the likeliest first. */
  readonly places: readonly string[];
  readonly split: SplitName;
}

/**
 * The way in which an image was found.
 *
 * - `name`: exactly as written
 * - `spelling`: apart from letter case, Unicode form, percent-encoding, a URL's query or surrounding spaces
 * - `extension`: apart from the extension too
 * - `last parts`: only by the end of the path
 */
export type FoundBy = 'name' | 'spelling' | 'extension' | 'last parts';

/**
 * Finds the file of each image. More certain ways are tried first, for all images at once: a file that is assigned to
 * one image is not assigned to another, and a file that several images would get in an uncertain way goes to none.
 */
export function findImages<Wanted extends WantedImage>(
  wanted: readonly Wanted[],
  folder: Folder,
): OneToOne<Wanted, FoundBy> {
  return oneToOne(
    wanted,
    [
      { name: 'name', shared: true, find: (image) => somebodys(byName(image, folder), folder) },
      { name: 'spelling', find: (image) => somebodys(bySpelling(image, folder), folder) },
      { name: 'extension', find: (image) => somebodys(byExtension(image, folder), folder) },
      { name: 'last parts', find: (image) => byLastParts(image, folder) },
    ],
    // A name that is listed twice, or in two splits, means one image.
    ({ written }) => written,
  );
}

/** Rejects files in hidden or system folders of the data set, even if a list names them. */
function somebodys(file: string | undefined, folder: Folder): string | undefined {
  return file === undefined || folder.nameOf(file).split('/').some(isNobodysData) ? undefined : file;
}

/** Sorts the places so that those that hold most of these names exactly as written come first. */
export function likeliestFirst(places: readonly string[], names: readonly string[], folder: Folder): string[] {
  // A few hundred names are as telling as all.
  const some = names.filter((_, n) => n % Math.ceil(names.length / 300) === 0);
  const held = new Map(
    places.map((place) => [place, some.filter((written) => folder.exact(at(place, written)) !== undefined).length]),
  );
  return places.toSorted((a, b) => (held.get(b) as number) - (held.get(a) as number));
}

/** Resolves a path below a place; an absolute path stays as it is. */
const at = (place: string, written: string): string => path.resolve(place, written.replaceAll('\\', '/'));

function byName({ written, places }: WantedImage, folder: Folder): string | undefined {
  return first(places, (place) => folder.exact(at(place, written)));
}

function bySpelling({ written, places }: WantedImage, folder: Folder): string | undefined {
  return first(writtenForms(written), (form) => first(places, (place) => spelledBelow(place, form, folder)));
}

function byExtension({ written, places }: WantedImage, folder: Folder): string | undefined {
  return first(writtenForms(written), (form) =>
    first(places, (place) => {
      const directory = directoryOf(place, form, folder);
      const name = path.posix.basename(form);
      if (directory === undefined) return undefined;
      return onlyOne(folder.ofStem(directory, isImageName(name) ? stem(name) : name).filter(isImageName));
    }),
  );
}

/**
 * Looks for the longest end of the path that leads to one file: below one of the places, otherwise anywhere in the data
 * set. Folders of another split are ignored, unless the path names them.
 *
 * Where the path's first folder exists, the path is unlikely to come from another machine: then the file must be in
 * folders that the path names too, as `images/NAME` is for Label Studio's `images/1/NAME`.
 */
function byLastParts({ written, places, split }: WantedImage, folder: Folder): string | undefined {
  for (const form of writtenForms(written)) {
    const parts = partsOf(form);
    const name = parts.at(-1);
    if (name === undefined) continue;
    const foreign = isForeign(form) || !places.some((place) => folder.subfolder(place, parts[0] as string));
    const isLikely = (file: string): boolean => {
      const folders = foldersOf(file, folder);
      const named = parts.slice(0, -1).map(foldName);
      if (folders.some((name) => isOfOtherSplit(name, split) && !named.includes(name))) return false;
      if (!foreign) return folders.length > 0 && isSubsequence(folders, named);
      // A folder that the path does not name is another camera's, or one of masks; a bare name does not tell the
      // folder.
      const below = places.filter((place) => isBelow(file, place)).map((place) => foldersBelow(file, place));
      return named.length === 0 || below.some((between) => isSubsequence(between, named));
    };
    for (let from = isForeign(form) ? 0 : 1; from < parts.length; from++) {
      const rest = parts.slice(from).join('/');
      const files = new Set(places.flatMap((place) => spelledBelow(place, rest, folder) ?? []).filter(isLikely));
      if (files.size > 0) return onlyOne([...files]);
    }
    // A bare name does not tell its folder: it is looked for below the folders where images are expected.
    const within = parts.length > 1 ? [folder.root] : places.filter((place) => place !== folder.root);
    const candidates = folder
      .anywhere(name)
      .filter((file) => within.some((place) => isBelow(file, place)) && isLikely(file));
    const shared = candidates.map((file) => sharedEnd([...foldersOf(file, folder), name], parts));
    const most = Math.max(...shared);
    const best = candidates.filter((_, n) => shared[n] === most);
    if (best.length > 0) return onlyOne(best);
  }
  return undefined;
}

const isBelow = (file: string, place: string): boolean => file.startsWith(`${place}${path.sep}`);

/** Names of the folders between a place and a file below it, folded. */
const foldersBelow = (file: string, place: string): string[] =>
  path.relative(place, file).split(path.sep).slice(0, -1).map(foldName);

/** Names of the folders between the data set's and the file, folded. */
const foldersOf = (file: string, folder: Folder): string[] => folder.nameOf(file).split('/').slice(0, -1).map(foldName);

function isOfOtherSplit(name: string, split: SplitName): boolean {
  const other = splitOfName(name);
  return other !== undefined && other !== split;
}

function isSubsequence(part: readonly string[], whole: readonly string[]): boolean {
  let at = 0;
  for (const item of whole) if (item === part[at]) at++;
  return at === part.length;
}

/** Number of parts that agree at the ends of two paths. */
function sharedEnd(one: readonly string[], other: readonly string[]): number {
  let count = 0;
  while (
    count < Math.min(one.length, other.length) &&
    foldName(one.at(-1 - count) as string) === foldName(other.at(-1 - count) as string)
  ) {
    count++;
  }
  return count;
}

function spelledBelow(place: string, form: string, folder: Folder): string | undefined {
  const directory = directoryOf(place, form, folder);
  return directory === undefined ? undefined : folder.spelled(directory, path.posix.basename(form));
}

/** The folder of a path below a place, with its parts in any spelling; for an absolute path, its own folder. */
function directoryOf(place: string, form: string, folder: Folder): string | undefined {
  const directory = path.posix.dirname(form);
  if (path.isAbsolute(directory)) return directory;
  if (/^[a-z][a-z\d+.-]*:/i.test(form)) return undefined;
  return folder.descend(place, directory.split('/'));
}

function first<Item, Result>(items: readonly Item[], find: (item: Item) => Result | undefined): Result | undefined {
  for (const item of items) {
    const found = find(item);
    if (found !== undefined) return found;
  }
  return undefined;
}
