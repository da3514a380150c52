/**
 * The formats of folders, in the order in which they are looked for. A new format is a file with its reader, and an
 * entry here.
 */
import { coco } from './coco.ts';
import type { DatasetReader, ReaderOption } from './dataset-reader.ts';
import type { ReaderOptions } from './reader-options.ts';
import { voc } from './voc.ts';
import { yolo } from './yolo.ts';

/** The readers of this package; where several find something in a folder, the first is used. */
export const datasetReaders = [coco, yolo, voc] as const;

/** One of this package's readers. */
export type FolderReader = (typeof datasetReaders)[number];
/** The name of one of this package's formats. */
export type FolderFormat = FolderReader['name'];

/** The names of this package's formats. */
export const folderFormats = datasetReaders.map(({ name }) => name);

type Given = ReaderOptions<FolderReader>;

/** The options of all readers together, from which settings and flags are made. */
export const readerOptions: { readonly [Name in keyof Given]-?: ReaderOption<NonNullable<Given[Name]>> } =
  Object.assign({}, ...datasetReaders.map((reader: DatasetReader) => reader.options));

/** Picks the readers' options from other settings. */
export const readerOptionsOf = (settings: Given): Given =>
  Object.fromEntries(Object.entries(settings).filter(([name]) => name in readerOptions));
