/** `data.yaml` of a YOLO data set: its classes, and the images of its splits. */
import fs from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import type { Category } from '../dataset.ts';
import { DataError } from '../error.ts';
import { type Folder, isImageName, statsOf } from './folder.ts';
import { type Reading, type SplitName, splitNames } from './read-splits.ts';
import { decodeText } from './text.ts';

export const yoloLooksLike = 'data.yaml, or another .yaml with names';

export interface YoloFiles {
  /** of the yaml, for messages */
  readonly name: string;
  readonly categories: readonly Category[];
  /** by the class index of the label files */
  readonly labels: ReadonlyMap<number, number>;
  /** whether keypoints follow the box on a line */
  readonly keypoints: boolean;
  /** absolute paths of the images; undefined where the yaml names no such split */
  readonly images: Partial<Record<SplitName, readonly string[]>>;
}

/** The yaml that describes the folder, or undefined. */
export function findYolo(folder: Folder): string | undefined {
  const names = folder.files(folder.root).filter((name) => /\.ya?ml$/i.test(name));
  const plain = names.find((name) => /^(?:data|dataset)\.ya?ml$/i.test(name));
  const found =
    plain ?? names.find((name) => /^['"]?(?:names|nc)['"]?\s*:/m.test(readText(path.join(folder.root, name))));
  return found === undefined ? undefined : path.join(folder.root, found);
}

/**
 * Reads the yaml and lists the images.
 *
 * @throws DataError if the yaml is no yaml, names no classes or no folder that is there
 */
export function readYoloYaml(file: string, reading: Reading): YoloFiles {
  const name = reading.folder.nameOf(file);
  const fields = parseYaml(file, name, reading);
  const { categories, labels } = readClasses(fields, name, reading);
  const images: { [Name in SplitName]?: readonly string[] } = {};
  const keys = { train: ['train'], val: ['val', 'valid', 'validation'], test: ['test'] } as const;
  for (const split of splitNames) {
    const key = keys[split].find((key) => isNamed(fields[key]));
    if (key === undefined) continue;
    const sources: unknown[] = Array.isArray(fields[key]) ? fields[key] : [fields[key]];
    const found = sources.map((source) => listImages(source, key, { file, name, base: fields.path }, reading));
    // A test folder that the export left out is nothing to stop for.
    if (found.every((images) => images === undefined) && split === 'test') continue;
    const missing = found.indexOf(undefined);
    if (missing >= 0) {
      const source = JSON.stringify(sources[missing]);
      throw new DataError(`${name}, ${key}: ${source} is neither a folder nor a list of images that is there`);
    }
    images[split] = [...new Set(found.flatMap((images) => images ?? []))];
  }
  if (Object.keys(images).length === 0) {
    throw new DataError(`${name} names no images: expected train and val, each a folder or a .txt list of images`);
  }
  return { name, categories, labels, keypoints: fields.kpt_shape !== undefined, images };
}

const isNamed = (value: unknown): boolean => value !== undefined && value !== null && value !== '';

function parseYaml(file: string, name: string, { problems }: Reading): Readonly<Record<string, unknown>> {
  let fields: unknown;
  try {
    const { text, fault } = decodeText(fs.readFileSync(file));
    if (fault !== undefined) problems.push({ kind: 'bad-value', file: name, message: fault });
    fields = parse(text, { logLevel: 'error' });
  } catch (error) {
    throw new DataError(`${name} cannot be read: ${(error as Error).message.trim()}`);
  }
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields)) {
    throw new DataError(`${name} is no mapping: expected train, val and names`);
  }
  return fields as Record<string, unknown>;
}

/** `names` as a list or as a mapping from index to name; without names, `nc` classes are numbered. */
function readClasses(
  { names, nc }: Readonly<Record<string, unknown>>,
  file: string,
  { problems }: Reading,
): Pick<YoloFiles, 'categories' | 'labels'> {
  let entries: [index: number, name: string][];
  if (Array.isArray(names)) entries = names.map((name, index) => [index, nameOf(name, index)]);
  else if (typeof names === 'object' && names !== null) {
    entries = Object.entries(names).map(([key, name]) => {
      const index = Number(key);
      if (Number.isSafeInteger(index) && index >= 0) return [index, nameOf(name, index)];
      throw new DataError(`${file}, names: ${JSON.stringify(key)} is no class index: expected 0, 1, 2, …`);
    });
  } else if (names === undefined && Number.isSafeInteger(nc) && (nc as number) > 0 && (nc as number) <= 100_000) {
    entries = Array.from({ length: nc as number }, (_, index) => [index, `class ${index}`]);
  } else entries = [];
  if (entries.length === 0) {
    throw new DataError(`${file} names no classes: expected names, a list or a mapping from index to name`);
  }
  if (typeof nc === 'number' && nc !== entries.length) {
    const message = `nc is ${nc}, but names has ${entries.length}: names is taken`;
    problems.push({ kind: 'bad-value', file, field: 'nc', message });
  }
  entries.sort(([a], [b]) => a - b);
  return {
    categories: entries.map(([, name], label) => ({ id: label + 1, name })),
    labels: new Map(entries.map(([index], label) => [index, label])),
  };
}

const nameOf = (name: unknown, index: number): string =>
  typeof name === 'string' || typeof name === 'number' || typeof name === 'boolean' ? String(name) : `class ${index}`;

interface Yaml {
  readonly file: string;
  readonly name: string;
  /** `path`: what the folders are relative to */
  readonly base: unknown;
}

/** The images of a folder, with those below it, or of a list; undefined if there is neither. */
function listImages(source: unknown, key: string, yaml: Yaml, { folder, notices }: Reading): string[] | undefined {
  if (typeof source !== 'string') return undefined;
  const home = path.dirname(yaml.file);
  const written = source.replaceAll('\\', '/');
  for (const candidate of candidates(written, typeof yaml.base === 'string' ? yaml.base : '', home)) {
    const stats = statsOf(candidate);
    if (!stats?.isDirectory() && !(stats?.isFile() && candidate.endsWith('.txt'))) continue;
    const plain = path.resolve(home, typeof yaml.base === 'string' ? yaml.base : '', written);
    if (candidate !== plain)
      notices.push(`${yaml.name} has "${key}: ${source}": read from ${folder.nameOf(candidate)}`);
    return stats.isDirectory()
      ? imagesBelow(folder, candidate)
      : imagesOfList(candidate, [path.dirname(candidate), home], folder);
  }
  return undefined;
}

/**
 * Where the folder may be: as written; beside the yaml, for `path` is often that of another machine, and Roboflow
 * writes `../train/images` for `train/images` (Ultralytics takes both so); or, of an absolute path from another machine,
 * below the yaml by its last parts.
 */
function candidates(written: string, base: string, home: string): string[] {
  const parts = written.split('/').filter((part) => part !== '' && part !== '.');
  const inside = parts.filter((part) => part !== '..');
  const found = [path.resolve(home, base, written), path.resolve(home, written), path.join(home, ...inside)];
  if (path.isAbsolute(written) || /^[a-z]:/i.test(written)) {
    for (let first = 1; first + 2 <= inside.length; first++) found.push(path.join(home, ...inside.slice(first)));
  }
  return found;
}

/** @param seen folders already gone through, for symbolic links may lead in circles */
function imagesBelow(folder: Folder, directory: string, seen = new Set<string>()): string[] {
  const real = fs.realpathSync(directory);
  if (seen.has(real)) return [];
  seen.add(real);
  const images = folder.files(directory).filter(isImageName);
  return [
    ...images.map((name) => path.join(directory, name)),
    ...folder.folders(directory).flatMap((name) => imagesBelow(folder, path.join(directory, name), seen)),
  ];
}

/** One path a line, absolute or relative to the list or to the yaml. */
function imagesOfList(list: string, homes: readonly string[], folder: Folder): string[] {
  const lines = readText(list).split(/\r\n|\r|\n/);
  return lines.flatMap((line) => {
    if (line.trim() === '') return [];
    const files = homes.map((home) => path.resolve(home, line.trim().replaceAll('\\', '/')));
    return files.map((file) => folder.find(file)).find((file) => file !== undefined) ?? (files[0] as string);
  });
}

function readText(file: string): string {
  try {
    return decodeText(fs.readFileSync(file)).text;
  } catch {
    return '';
  }
}
