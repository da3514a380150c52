/** The file that describes a YOLO data set: a yaml, darknet's `obj.data`, or a bare list of classes. */
import path from 'node:path';
import type { Folder } from './folder.ts';
import type { Reading } from './read-splits.ts';
import { readLines } from './text.ts';
import { findDataFile, findNamesFile, readDataFile, readNamesFile } from './yolo-darknet.ts';
import type { YoloDescription } from './yolo-description.ts';
import { readYoloYaml } from './yolo-yaml.ts';

export interface YoloFile {
  readonly kind: 'yaml' | 'data' | 'names';
  readonly file: string;
}

/** A file that clearly describes a YOLO data set, or undefined. */
export function findYolo(folder: Folder): YoloFile | undefined {
  const yaml = findYaml(folder);
  if (yaml !== undefined) return { kind: 'yaml', file: yaml };
  const data = findDataFile(folder);
  return data === undefined ? undefined : { kind: 'data', file: data };
}

/**
 * A bare list of classes, which counts only where there are labels, or undefined. VOC annotations may have such a list
 * next to them too, but say more.
 */
export function guessYolo(folder: Folder): YoloFile | undefined {
  const names = findNamesFile(folder);
  if (names === undefined) return undefined;
  const texts = folder.filesBelow(folder.root).filter((file) => /\.txt$/i.test(file) && file !== names);
  return texts.some(holdsLabels) ? { kind: 'names', file: names } : undefined;
}

/** @throws DataError if the file cannot be used */
export function readDescription({ kind, file }: YoloFile, reading: Reading): YoloDescription {
  if (kind === 'yaml') return readYoloYaml(file, reading);
  return kind === 'data' ? readDataFile(file, reading) : readNamesFile(file, reading);
}

function findYaml(folder: Folder): string | undefined {
  const names = folder.files(folder.root).filter((name) => /\.ya?ml$/i.test(name));
  const plain = names.find((name) => /^(?:data|dataset)\.ya?ml$/i.test(name));
  const found =
    plain ??
    names.find((name) =>
      readLines(path.join(folder.root, name)).some(({ text }) => /^['"]?(?:names|nc)['"]?\s*:/.test(text)),
    );
  return found === undefined ? undefined : path.join(folder.root, found);
}

/** Whether a text begins as a label file does. */
export function holdsLabels(file: string): boolean {
  const first = readLines(file).find(({ text }) => text !== '');
  return first !== undefined && /^\d+(?:\.0*)?(?:\s+[-+.\de]+){4}/i.test(first.text);
}
