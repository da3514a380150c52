/** Opens a folder of images and annotations, in whatever of the three formats it is. */
import fs from 'node:fs';
import path from 'node:path';
import type { Dataset } from './dataset.ts';
import { DataError } from './error.ts';
import type { FileImage } from './image-file.ts';
import { checkPixelOptions, type PixelOptions } from './pixel-options.ts';
import { firstOfEachKind, type Problem, type ProblemKind } from './problem.ts';
import { readCoco } from './readers/coco.ts';
import { cocoLooksLike, describeOtherFiles, findCoco } from './readers/coco-files.ts';
import { Folder, statsOf } from './readers/folder.ts';
import { type Reading, type ReadSplits, splitNames } from './readers/read-splits.ts';
import { readVoc } from './readers/voc.ts';
import { findVoc, vocLooksLike } from './readers/voc-files.ts';
import { readYolo } from './readers/yolo.ts';
import { findYolo, yoloLooksLike } from './readers/yolo-files.ts';
import { splitOff } from './split.ts';
import { trainingObjects } from './training-objects.ts';

/** In the order in which they are looked for. */
export const folderFormats = ['coco', 'yolo', 'voc'] as const;
export type FolderFormat = (typeof folderFormats)[number];

export interface OpenOptions {
  /** without it, COCO if the folder has it, then YOLO, then VOC */
  readonly format?: FolderFormat;
  /** how much of train becomes val where the folder has no val; above 0, below 1 */
  readonly valFraction?: number;
  /** decides which images those are */
  readonly seed?: number;
  /** 1 for VOC's own files, whose corners are the first and last pixel counted from 1 */
  readonly vocOrigin?: 0 | 1;
  /** how image files become pixels */
  readonly pixels?: PixelOptions;
}

/** A data set whose images are files. */
export interface FolderDataset extends Dataset {
  readonly format: FolderFormat;
  readonly train: readonly FileImage[];
  readonly val: readonly FileImage[];
  readonly test: readonly FileImage[];
}

export interface OpenedDataset {
  readonly dataset: FolderDataset;
  /** what was chosen on the user's behalf, a line each */
  readonly notices: readonly string[];
  /** what was found without decoding an image */
  readonly problems: readonly Problem[];
  /** hidden and system files and folders that were not looked at */
  readonly passedOver: readonly string[];
}

/**
 * Reads the annotations of a folder and makes sure that the images are there. No pixel is decoded: YOLO's sizes, and
 * others that no annotation gives, come from the headers. Nothing is ever written.
 *
 * Whatever cannot be used is left out and reported. A folder with val or test alone has an empty `train`.
 *
 * @throws DataError if there is no such folder, no format is recognised, an annotation file that everything hangs on is
 *   cut off or not what it should be, or there are no classes or no images
 */
export async function openDataset(folder: string, options: OpenOptions = {}): Promise<OpenedDataset> {
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
  const { format, read } = await readAs(folder, options, reading);
  const dataset = {
    name: folder,
    format,
    categories: read.categories,
    // A val that is made of train has the ids of train's file.
    ...(read.categoryIds && { categoryIds: { val: read.categoryIds.train, ...read.categoryIds } }),
    ...completeSplits(read, valFraction, seed, reading),
  };
  reportSplits(dataset, reading);
  const { notices, problems, folder: reader } = reading;
  return { dataset, notices, problems, passedOver: reader.passedOver };
}

const titles: Record<FolderFormat, string> = { coco: 'COCO', yolo: 'YOLO', voc: 'VOC' };

async function readAs(
  name: string,
  { format: wanted, vocOrigin }: OpenOptions,
  reading: Reading,
): Promise<{ format: FolderFormat; read: ReadSplits }> {
  const { folder, notices } = reading;
  const coco = findCoco(folder, wanted === undefined || wanted === 'coco' ? notices : []);
  const voc = findVoc(folder);
  // A bare list of classes also lies beside VOC annotations, which say more.
  const described = findYolo(folder);
  const yolo = described?.kind === 'names' && voc !== undefined && wanted !== 'yolo' ? undefined : described;
  const found = folderFormats.filter((format) => ({ coco, yolo, voc })[format] !== undefined);
  const format = wanted ?? found[0];
  if (wanted === undefined && found.length > 1) {
    const [first, ...others] = found.map((format) => titles[format]) as [string, ...string[]];
    notices.unshift(
      `${first} and ${others.join(' and ')} annotations lie here: ${first} is read unless another format is asked for`,
    );
  }
  if (vocOrigin === 1 && format !== undefined && format !== 'voc') {
    notices.push(`the VOC origin is for VOC alone: it does nothing to ${titles[format]} boxes`);
  }
  if (format === 'coco' && coco) return { format, read: await readCoco(coco, reading) };
  if (format === 'yolo' && yolo) return { format, read: await readYolo(yolo, reading) };
  if (format === 'voc' && voc) return { format, read: await readVoc(voc, { origin: vocOrigin }, reading) };
  throw notRecognised(name, folder, wanted);
}

function notRecognised(name: string, folder: Folder, wanted: FolderFormat | undefined): DataError {
  const coco = `${cocoLooksLike}${describeOtherFiles(folder)}`;
  const looks: Record<FolderFormat, string> = { coco, yolo: yoloLooksLike, voc: vocLooksLike };
  const formats = wanted === undefined ? folderFormats : [wanted];
  const lines = formats.map((format) => `  ${titles[format]}: ${looks[format]}`);
  const entries = [...folder.folders(folder.root).map((name) => `${name}/`), ...folder.files(folder.root)];
  const there = entries.length === 0 ? 'nothing' : entries.slice(0, 8).join(', ') + (entries.length > 8 ? ', …' : '');
  const what = wanted === undefined ? 'no data set' : `no ${titles[wanted]} data set`;
  return new DataError([`${what} in ${name}, which holds ${there}. Looked for`, ...lines].join('\n'));
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
    `there is no val split: ${made.val.length} of the ${train.length} images of train are taken for it (seed ${seed})`,
  );
  return { ...made, test };
}

/** What can only be said of the splits as a whole. */
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
    report('empty-validation', 'val has no objects, or crowds alone');
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
