/** Assigns label files to the images of a YOLO data set. */
import path from 'node:path';
import { isImageName, isReadName } from '../image-formats.ts';
import { foldName, stem } from './file-names.ts';
import { type Folder, onlyOne } from './folder.ts';
import { oneToOne } from './one-to-one.ts';
import { readLines } from './text.ts';
import { holdsLabels } from './yolo-files.ts';

export interface YoloLabels {
  /** Absolute paths of label files by image. */
  readonly files: ReadonlyMap<string, string>;
  /** Images that must not count as background although no label file is certainly theirs, and the reasons. */
  readonly doubts: ReadonlyMap<string, string>;
  /** Label files found under another spelling than their image's, by image. */
  readonly spelled: ReadonlyMap<string, string>;
  /** Label files without an image, with the folders where their image was looked for. */
  readonly orphans: readonly { readonly file: string; readonly folders: readonly string[] }[];
}

/**
 * Assigns each image the label file with its name, in `labels` for an image in `images`, otherwise next to it. A file
 * with another spelling of the name is used if that is not the name of another image. An image without a label file
 * shows background, as in Ultralytics, unless there are labels nearby that may be its own.
 *
 * @param images absolute paths
 */
export function findLabels(images: readonly string[], folder: Folder): YoloLabels {
  const stems = new Map<string, ReadonlySet<string>>();
  const stemsIn = (directory: string): ReadonlySet<string> => {
    const known = stems.get(directory) ?? new Set(folder.files(directory).filter(isImageName).map(stem));
    stems.set(directory, known);
    return known;
  };
  const ofSameName = (image: string): string | undefined =>
    labelFolders(image, folder)
      .map((directory) => path.join(directory, `${stem(image)}.txt`))
      .find((file) => folder.exact(file) !== undefined);
  const { given, contested } = oneToOne(images, [
    // A camera's raw file or HEIC next to the labelled JPEG is not a rival.
    { name: 'name', find: (image) => (isReadName(image) ? ofSameName(image) : undefined) },
    { name: 'name', find: ofSameName },
    {
      name: 'spelling',
      find: (image) => {
        const own = stemsIn(path.dirname(image));
        for (const directory of labelFolders(image, folder)) {
          const files = folder.ofStem(directory, stem(image)).filter((file) => /\.txt$/i.test(file));
          const free = files.filter((file) => stem(file) === stem(image) || !own.has(stem(file)));
          if (free.length > 0) return onlyOne(free);
        }
        return undefined;
      },
    },
  ]);
  const files = new Map([...given].map(([image, { file }]) => [image, file]));
  const spelled = new Map([...given].flatMap(([image, { file, by }]) => (by === 'spelling' ? [[image, file]] : [])));
  const orphans = findOrphans(images, new Set([...files.values(), ...contested.keys()]), folder);
  const doubts = new Map<string, string>();
  for (const [file, claimants] of contested) {
    for (const image of claimants) {
      const others = claimants.filter((other) => other !== image).map((other) => folder.nameOf(other));
      doubts.set(image, `${folder.nameOf(file)} may be its labels, or those of ${others.join(', ')}`);
    }
  }
  const used = new Set(files.values());
  for (const image of images) {
    if (files.has(image) || doubts.has(image)) continue;
    const taken = ofSameName(image);
    if (taken !== undefined) {
      doubts.set(image, `${folder.nameOf(taken)} belongs to another image with that name`);
      continue;
    }
    const doubt =
      labelsElsewhere(image, used, folder) ?? otherLabels(image, folder) ?? orphanLabels(image, orphans, folder);
    if (doubt !== undefined) doubts.set(image, doubt);
  }
  return { files, doubts, spelled, orphans };
}

/** The folder `labels` for an image in `images`, and the image's own. */
export function labelFolders(image: string, folder: Folder): string[] {
  const own = path.dirname(image);
  const sister = sisterFolder(own, 'images', 'labels', folder);
  return sister === undefined ? [own] : [sister, own];
}

/**
 * The directory with its last part named `from` replaced by `to`: in the spelling that exists there, otherwise in the
 * usual one. Undefined if no part is named `from`.
 */
function sisterFolder(directory: string, from: string, to: string, folder: Folder): string | undefined {
  const parts = directory.split(path.sep);
  const at = parts.findLastIndex((part) => part.toLowerCase() === from);
  if (at < 0) return undefined;
  const home = parts.slice(0, at).join(path.sep) || path.sep;
  return folder.descend(home, [to, ...parts.slice(at + 1)]) ?? parts.with(at, to).join(path.sep);
}

/** Finds labels with the same name in a folder where they are not expected, such as another split's. */
function labelsElsewhere(image: string, used: ReadonlySet<string>, folder: Folder): string | undefined {
  const found = folder
    .anywhere(`${stem(image)}.txt`)
    .find((file) => !used.has(file) && !hasImage(file, folder) && holdsLabels(file));
  return found && `it has no label file in the expected place, but ${folder.nameOf(found)} has its name`;
}

/** Whether a label file has its image in the folder where it belongs, such as that of a split that is not used. */
function hasImage(labels: string, folder: Folder): boolean {
  const own = path.dirname(labels);
  const sister = sisterFolder(own, 'labels', 'images', folder);
  return [own, ...(sister === undefined ? [] : [sister])].some((directory) =>
    folder.ofStem(directory, stem(labels)).some(isImageName),
  );
}

/** Finds labels with the same name in another format. */
function otherLabels(image: string, folder: Folder): string | undefined {
  const found = labelFolders(image, folder)
    .flatMap((directory) => folder.ofStem(directory, stem(image)))
    .find((file) => /\.(?:xml|json)$/i.test(file));
  return found && `it has no YOLO label file, but ${folder.nameOf(found)}, which is not read`;
}

/** A doubt about images without a label file: a label file without an image may belong to any of them. */
function orphanLabels(image: string, orphans: YoloLabels['orphans'], folder: Folder): string | undefined {
  const found = orphans.find(({ folders }) => folders.includes(path.dirname(image)));
  return (
    found &&
    `it has no label file, and ${folder.nameOf(found.file)} has no image and may belong to it. Rename that file, or delete it ` +
      'if it belongs to an image that is gone'
  );
}

/** Label files whose images do not exist. Where labels are next to images, there may be other texts too. */
function findOrphans(images: readonly string[], used: ReadonlySet<string>, folder: Folder): YoloLabels['orphans'] {
  const imageFolders = new Map<string, Set<string>>();
  for (const image of images) {
    for (const directory of labelFolders(image, folder)) {
      imageFolders.set(directory, (imageFolders.get(directory) ?? new Set()).add(path.dirname(image)));
    }
  }
  return [...imageFolders].flatMap(([directory, homes]) => {
    const stems = new Set([...homes].flatMap((home) => folder.files(home).filter(isImageName)).map(foldedStem));
    return folder.files(directory).flatMap((name) => {
      const file = path.join(directory, name);
      const isLabels = homes.has(directory) ? holdsLabels(file) : !otherText.test(name) && !isBlank(file);
      const isOther = !/\.txt$/i.test(name) || used.has(file) || stems.has(foldedStem(name)) || !isLabels;
      return isOther ? [] : [{ file, folders: [...homes] }];
    });
  });
}

/** Names of other text files that are found among labels. */
const otherText = /^(?:classes|predefined_classes|names|notes|readme|license|train|val|valid|test)\b/i;

const isBlank = (file: string): boolean => readLines(file).every(({ text }) => text === '');

const foldedStem = (name: string): string => foldName(stem(name));
