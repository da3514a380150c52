/**
 * YOLO data sets without a yaml: darknet's `obj.data` and `obj.names` (https://github.com/AlexeyAB/darknet), which CVAT
 * exports, and a bare `classes.txt` next to images and labels, as Label Studio and LabelImg write it.
 */
import fs from 'node:fs';
import path from 'node:path';
import { DataError } from '../error.ts';
import { isImageName } from '../image-formats.ts';
import { partsOf, writtenForms } from './file-names.ts';
import type { Folder } from './folder.ts';
import { type Reading, splitNames, splitOfName } from './read-splits.ts';
import { decodeText, readLines } from './text.ts';
import { classesOf, type YoloClasses, type YoloDescription, type YoloSource } from './yolo-description.ts';

/** Finds darknet's description, a `.data` file that says where the names are. */
export function findDataFile(folder: Folder): string | undefined {
  const found = folder
    .files(folder.root)
    .filter((name) => /\.data$/i.test(name))
    .find((name) => linesOf(path.join(folder.root, name)).some((line) => /^names\s*=/i.test(line)));
  return found === undefined ? undefined : path.join(folder.root, found);
}

/**
 * Finds a file with one class name per line: in the data set's folder, among the labels, or in a split's folder as in
 * Roboflow's exports.
 */
export function findNamesFile(folder: Folder): string | undefined {
  const homes = folder.folders(folder.root).filter((name) => /^labels$/i.test(name) || splitOfName(name) !== undefined);
  const files = [folder.root, ...homes.map((name) => path.join(folder.root, name))].flatMap((home) =>
    folder.files(home).map((name) => path.join(home, name)),
  );
  return files.find((file) => /\.names$|^classes\.txt$|^_darknet\.labels$/i.test(path.basename(file)));
}

/** @throws DataError if the file names no classes or no images */
export function readDataFile(file: string, reading: Reading): YoloDescription {
  const { folder, problems } = reading;
  const name = folder.nameOf(file);
  const fields = new Map(
    linesOf(file).flatMap((line) => {
      const [, key, value] = /^([^#=]+?)\s*=\s*(.*?)$/.exec(line) ?? [];
      return key === undefined || value === undefined ? [] : [[key.toLowerCase(), value] as const];
    }),
  );
  const written = fields.get('names') ?? '';
  const names = namesFile(written, folder);
  if (names === undefined) {
    throw new DataError(
      `${name}, names: there is no ${written || 'file named'}: expected a file with one class name per line`,
    );
  }
  const classes = readNames(names, reading);
  const count = Number(fields.get('classes'));
  if (Number.isFinite(count) && count !== classes.categories.length) {
    const message = `classes is ${count}, but ${folder.nameOf(names)} has ${classes.categories.length}: its names are used`;
    problems.push({ kind: 'bad-value', file: name, field: 'classes', message });
  }
  const keys = { train: ['train'], val: ['valid', 'val', 'validation'], test: ['test'] } as const;
  const sources = splitNames.flatMap((split): YoloSource[] => {
    const key = keys[split].find((key) => (fields.get(key) ?? '') !== '');
    return key === undefined ? [] : [{ split, key, written: [fields.get(key)] }];
  });
  if (sources.length === 0)
    throw new DataError(`${name} names no images: expected train = LIST, a .txt with one image per line`);
  return { name, home: folder.root, base: '', ...classes, keypoints: false, sources };
}

/** @throws DataError if the file names no classes, or there are no images */
export function readNamesFile(file: string, reading: Reading): YoloDescription {
  const { folder } = reading;
  const name = folder.nameOf(file);
  const sources = [listsOf, splitFoldersOf, oneFolderOf].map((find) => find(folder)).find((found) => found.length > 0);
  if (sources === undefined) {
    throw new DataError(
      `there is ${name}, but there are no images: expected them in images, in a folder for each split, or next to it`,
    );
  }
  return { name, home: folder.root, base: '', ...readNames(file, reading), keypoints: false, sources };
}

/** Finds `train.txt` and so on, if they list images rather than the names in VOC's lists. */
function listsOf(folder: Folder): YoloSource[] {
  return folder.files(folder.root).flatMap((name): YoloSource[] => {
    const split = /\.txt$/i.test(name) ? splitOfName(path.parse(name).name) : undefined;
    const [first] = split === undefined ? [] : linesOf(path.join(folder.root, name));
    return split !== undefined && first !== undefined && isImageName(first)
      ? [{ split, key: name, written: [name] }]
      : [];
  });
}

/** Finds `images/train`, `train/images` or `train`. */
function splitFoldersOf(folder: Folder): YoloSource[] {
  const images = folder.subfolder(folder.root, 'images');
  for (const home of [images, folder.root]) {
    if (home === undefined) continue;
    const sources = folder.folders(home).flatMap((name): YoloSource[] => {
      const split = splitOfName(name);
      if (split === undefined) return [];
      const directory = path.join(home, name);
      const used = folder.subfolder(directory, 'images') ?? directory;
      return holdsImages(folder, used) ? [{ split, key: folder.nameOf(used), written: [used] }] : [];
    });
    if (sources.length > 0) return sources;
  }
  return [];
}

function oneFolderOf(folder: Folder): YoloSource[] {
  const named = ['images', 'obj_train_data'].flatMap((name) => folder.subfolder(folder.root, name) ?? []);
  const directory = [...named, folder.root].find((directory) => holdsImages(folder, directory));
  return directory === undefined ? [] : [{ split: 'train', key: folder.nameOf(directory), written: [directory] }];
}

const holdsImages = (folder: Folder, directory: string): boolean =>
  folder.filesBelow(directory).some((file) => isImageName(file));

/**
 * Finds the file with the names. Its path often comes from another machine: then the path's last parts lead to the
 * file.
 */
function namesFile(written: string, folder: Folder): string | undefined {
  for (const form of writtenForms(written)) {
    const parts = partsOf(form);
    for (let from = 0; from < parts.length; from++) {
      const directory = folder.descend(folder.root, parts.slice(from, -1));
      const file = directory && folder.spelled(directory, parts.at(-1) as string);
      if (file !== undefined) return file;
    }
  }
  return findNamesFile(folder);
}

/** Reads one class name per line, with the indices that darknet gives them: a blank line in between has one too. */
function readNames(file: string, { folder, problems }: Reading): YoloClasses {
  const name = folder.nameOf(file);
  let decoded: ReturnType<typeof decodeText>;
  try {
    decoded = decodeText(fs.readFileSync(file));
  } catch (error) {
    throw new DataError(`${name} cannot be read: ${(error as Error).message}`);
  }
  if (decoded.fault !== undefined) problems.push({ kind: 'bad-value', file: name, message: decoded.fault });
  const names = decoded.text
    .trimEnd()
    .split(/\r\n|\r|\n/)
    .map((line) => line.trim());
  if (names.every((line) => line === '')) names.length = 0;
  if (names.length === 0) throw new DataError(`${name} names no classes: expected one class name per line`);
  return classesOf(names.map((name, index) => [index, name || String(index)]));
}

/** The lines of a file that are not blank. */
const linesOf = (file: string): string[] => readLines(file).flatMap(({ text }) => (text === '' ? [] : [text]));
