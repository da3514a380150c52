/** The formats of folders, in the order in which they are looked for. A new one is a file with its reader, and an entry here. */
import { coco } from './coco.ts';
import { voc } from './voc.ts';
import { yolo } from './yolo.ts';

export const datasetReaders = [coco, yolo, voc] as const;

export type FolderReader = (typeof datasetReaders)[number];
export type FolderFormat = FolderReader['name'];

export const folderFormats = datasetReaders.map(({ name }) => name);
