/** Reads the `data.yaml` of a YOLO data set as Ultralytics does: https://docs.ultralytics.com/datasets/detect/ */
import fs from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { DataError } from '../error.ts';
import { className } from './class-name.ts';
import { type Reading, splitNames } from './read-splits.ts';
import { decodeText } from './text.ts';
import { classesOf, type YoloClasses, type YoloDescription } from './yolo-description.ts';

/** @throws DataError if the file is not valid yaml, or names no classes or no images */
export function readYoloYaml(file: string, reading: Reading): YoloDescription {
  const name = reading.folder.nameOf(file);
  const fields = parseYaml(file, name, reading);
  const classes = readClasses(fields, name, reading);
  const keys = { train: ['train'], val: ['val', 'valid', 'validation'], test: ['test'] } as const;
  const sources = splitNames.flatMap((split) => {
    const key = keys[split].find((key) => isNamed(fields[key]));
    if (key === undefined) return [];
    const value = fields[key];
    return [{ split, key, written: Array.isArray(value) ? value : [value] }];
  });
  if (sources.length === 0) {
    throw new DataError(`${name} names no images: expected train and val, each a folder or a .txt list of images`);
  }
  const home = path.dirname(file);
  const base = typeof fields.path === 'string' ? fields.path : '';
  return { name, home, base, ...classes, keypoints: isNamed(fields.kpt_shape), sources };
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
    throw new DataError(`${name} is not a mapping: expected train, val and names`);
  }
  return fields as Record<string, unknown>;
}

/** Reads `names` as a list or as a mapping from index to name; without names, `nc` classes are numbered. */
function readClasses(
  { names, nc }: Readonly<Record<string, unknown>>,
  file: string,
  { problems }: Reading,
): YoloClasses {
  let entries: [index: number, name: string][];
  if (Array.isArray(names)) entries = names.map((name, index) => [index, className(name, index)]);
  else if (typeof names === 'object' && names !== null) {
    entries = Object.entries(names).map(([key, name]) => {
      const index = Number(key);
      if (Number.isSafeInteger(index) && index >= 0) return [index, className(name, index)];
      throw new DataError(`${file}, names: ${JSON.stringify(key)} is not a class index: expected 0, 1, 2, …`);
    });
  } else if (names === undefined && Number.isSafeInteger(nc) && (nc as number) > 0 && (nc as number) <= 100_000) {
    entries = Array.from({ length: nc as number }, (_, index) => [index, `class ${index}`]);
  } else entries = [];
  if (entries.length === 0) {
    throw new DataError(`${file} names no classes: expected names, a list or a mapping from index to name`);
  }
  if (typeof nc === 'number' && nc !== entries.length) {
    const message = `nc is ${nc}, but names has ${entries.length}: names is used`;
    problems.push({ kind: 'bad-value', file, field: 'nc', message });
  }
  return classesOf(entries);
}
