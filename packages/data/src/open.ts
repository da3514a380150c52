/** Opens a folder of images and annotations, in whichever format a reader finds. */
import fs from 'node:fs';
import path from 'node:path';
import type { Dataset } from './dataset.ts';
import { DataError } from './error.ts';
import type { FileImage } from './image-file.ts';
import { checkPixelOptions, type PixelOptions } from './pixel-options.ts';
import { firstOfEachKind, type Problem, type ProblemKind } from './problem.ts';
import type { DatasetReader } from './readers/dataset-reader.ts';
import { Folder, statsOf } from './readers/folder.ts';
import { type Reading, type ReadSplits, splitNames } from './readers/read-splits.ts';
import { optionsFor, type ReaderOptions } from './readers/reader-options.ts';
import { datasetReaders, type FolderReader } from './readers/readers.ts';
import { recognise } from './readers/recognise.ts';
import { splitOff } from './split.ts';
import { trainingObjects } from './training-objects.ts';

/** How a folder is opened. The options of readers are among these: `vocOrigin` is VOC's. */
export type OpenOptions<Reader extends DatasetReader = FolderReader> = {
  /** Readers, in the order in which they look at the folder. @defaultValue `datasetReaders` */
  readonly readers?: readonly Reader[];
  /**
   * Name of the format to read; without it, that of the first reader that finds something: COCO, then YOLO, then VOC.
   */
  readonly format?: Reader['name'];
  /** Fraction of train that becomes val where the folder has no val; above 0, below 1. @defaultValue 0.2 */
  readonly valFraction?: number;
  /** Decides which images become val. @defaultValue 0 */
  readonly seed?: number;
  /** How image files become pixels. */
  readonly pixels?: PixelOptions;
} & ReaderOptions<Reader>;

/** A data set whose images are files. */
export interface FolderDataset extends Dataset {
  readonly train: readonly FileImage[];
  readonly val: readonly FileImage[];
  readonly test: readonly FileImage[];
}

/** An opened data set, with what was found on the way. */
export interface OpenedDataset {
  readonly dataset: FolderDataset;
  /** Choices made on the user's behalf, a line each. */
  readonly notices: readonly string[];
  /** Problems found without decoding an image. */
  readonly problems: readonly Problem[];
  /** Hidden and system files and folders that were skipped. */
  readonly passedOver: readonly string[];
}

/**
 * Reads the annotations of a folder and makes sure that the images are there. No pixel is decoded: sizes that the
 * annotations do not give, such as all of YOLO's, come from the headers. Nothing is ever written.
 *
 * Everything that cannot be used is left out and reported. A folder with only val or test has an empty `train`.
 *
 * @throws DataError if there is no such folder, no format is recognised, an essential annotation file is cut off or
 *   invalid, there are no classes or no images, or an option is invalid
 */
export async function openDataset<Reader extends DatasetReader = FolderReader>(
  folder: string,
  options: OpenOptions<Reader> = {} as OpenOptions<Reader>,
): Promise<OpenedDataset> {
  const readers: readonly DatasetReader[] = options.readers ?? datasetReaders;
  const { valFraction = 0.2, seed = 0, pixels = {} } = options;
  checkPixelOptions('pixels', pixels);
  if (!(valFraction > 0 && valFraction < 1)) {
    throw new DataError(`the fraction for val is ${valFraction}: expected a number between 0 and 1`);
  }
  const root = path.resolve(folder);
  const stats = statsOf(root);
  if (stats === undefined) throw new DataError(`there is no folder ${folder}`);
  if (!stats.isDirectory()) throw new DataError(`${folder} is a file: expected the folder of a data set`);
  try {
    fs.accessSync(root, fs.constants.R_OK | fs.constants.X_OK);
  } catch (error) {
    throw new DataError(`${folder} cannot be read: ${(error as Error).message}`);
  }

  const reading: Reading = { folder: new Folder(root), problems: [], notices: [], pixels };
  const { reader, found, notices: choices } = recognise(folder, reading.folder, readers, options.format);
  const own = optionsFor(reader, readers, options);
  reading.notices.push(...choices, ...own.notices);
  const read = await reader.read(found, reading, own.options);
  const dataset = {
    name: folder,
    format: reader.name,
    categories: read.categories,
    // A val split taken from train has the ids of train's file.
    ...(read.categoryIds && { categoryIds: { val: read.categoryIds.train, ...read.categoryIds } }),
    ...completeSplits(read, valFraction, seed, reading),
  };
  reportSplits(dataset, reading);
  const { notices, problems } = reading;
  return { dataset, notices, problems, passedOver: reading.folder.passedOver };
}

function completeSplits(
  { train, val, test = [] }: ReadSplits,
  fraction: number,
  seed: number,
  { notices, problems }: Reading,
): Pick<FolderDataset, 'train' | 'val' | 'test'> {
  if ([train, val, test].every((split) => split === undefined || split.length === 0)) {
    throw new DataError(`the data set has no image that can be used${firstOfEachKind(problems)}`);
  }
  if (val !== undefined || train === undefined || train.length < 2) {
    if (train === undefined) notices.push('there is no train split');
    else if (val === undefined) notices.push('there is no val split, and one image is too few to make one');
    for (const [name, split] of [
      ['train', train],
      ['val', val],
    ] as const) {
      if (split?.length === 0) notices.push(`there is a ${name} split, but it has no images that can be used`);
    }
    return { train: train ?? [], val: val ?? [], test };
  }
  const made = splitOff(train, fraction, seed);
  notices.push(
    `there is no val split: ${made.val.length} of the ${train.length} images of train become val (seed ${seed})`,
  );
  return { ...made, test };
}

/** Reports problems that concern the splits as a whole. */
function reportSplits({ categories, ...splits }: FolderDataset, { problems }: Reading): void {
  const place = new Map<string, string>();
  for (const split of splitNames) {
    for (const { path, name } of splits[split]) {
      const other = place.get(path);
      if (other !== undefined && other !== split) {
        problems.push({ kind: 'leakage', file: name, message: `it is in ${other} and in ${split}` });
      } else place.set(path, split);
    }
  }
  const report = (kind: ProblemKind, message: string): void => {
    problems.push({ kind, file: '.', message });
  };
  if (splits.val.length === 0) report('nothing-to-evaluate', 'val has no images');
  else if (splits.val.every(({ objects }) => objects.crowd.every((crowd) => crowd !== 0))) {
    report('empty-validation', 'val has no objects, or only crowds');
  }
  const spellings = new Map<string, string>();
  for (const { name } of categories) {
    const spelling = name.normalize('NFC').toLowerCase();
    const other = spellings.get(spelling);
    if (other !== undefined && other !== name) {
      report('similar-classes', `${JSON.stringify(other)} and ${JSON.stringify(name)}`);
    }
    spellings.set(spelling, name);
  }
  const counts = new Array<number>(categories.length).fill(0);
  for (const image of splits.train) {
    for (const label of trainingObjects(image).labels) counts[label] = (counts[label] ?? 0) + 1;
  }
  if (counts.every((count) => count === 0)) {
    const message = splits.train.length === 0 ? 'train has no images' : 'train has no objects that training uses';
    report('nothing-to-train', message);
    return;
  }
  for (const [label, { name }] of categories.entries()) {
    if (counts[label] === 0) report('unused-class', `${name} has no objects in train that training uses`);
  }
}
