/** Finds COCO annotations in a folder, and the places where their images may be. */
import fs from 'node:fs';
import path from 'node:path';
import type { Folder } from './folder.ts';
import { type SplitName, splitNames, splitOfName } from './read-splits.ts';

/** For each split, its JSON file; from several, the one with the plainest name or the latest year. */
export type CocoFiles = Partial<Record<SplitName, string>>;

/** JSON files whose names do not tell their split, as CVAT, FiftyOne, Label Studio and Roboflow name them. */
const unnamed = /^(?:_annotations\.coco|annotations|instances_default|labels|result)\.json$/i;

/** Names of COCO files without boxes or for another task. */
const otherTasks =
  /^(?:(?:train|val|valid|validation|test)(?:\d{4})?[_-])?(?:captions|person_keypoints|panoptic|stuff|image_info)/i;

interface Candidate {
  readonly split: SplitName;
  readonly file: string;
  /**
   * 0 for `train.json` and `instances_train.json`, 1 for `mine_train.json`, `train_mine.json` and
   * `instances_minitrain_v2.json`.
   */
  readonly rank: number;
  /** Year in the name; a name without one counts as the latest. */
  readonly year: number;
}

export function findCoco(folder: Folder, notices: string[]): CocoFiles | undefined {
  const annotations = folder.subfolder(folder.root, 'annotations');
  const homes = annotations === undefined ? [folder.root] : [annotations, folder.root];
  const candidates = [
    ...homes
      .flatMap((home) => folder.files(home).flatMap((name) => candidateOf(home, name) ?? []))
      .filter(
        ({ file, rank }) =>
          rank === 0 ||
          path.dirname(file) === annotations ||
          /^instances/i.test(path.basename(file)) ||
          looksLikeCoco(file),
      ),
    ...folder.folders(folder.root).flatMap((name) => {
      const [home, split] = [path.join(folder.root, name), splitOfName(name)];
      const file = split && folder.files(home).find((file) => unnamed.test(file));
      return file ? [{ split, file: path.join(home, file), rank: 0, year: yearless }] : [];
    }),
  ];
  if (candidates.length === 0) {
    for (const home of homes) {
      const file = folder.files(home).find((file) => unnamed.test(file));
      if (file !== undefined) return { train: path.join(home, file) };
    }
    const [file, ...more] = otherFiles(homes, folder).filter(looksLikeCoco);
    if (file === undefined || more.length > 0) return undefined;
    notices.push(`${folder.nameOf(file)} is the only COCO file: it is used as train`);
    return { train: file };
  }
  const found: CocoFiles = {};
  for (const split of splitNames) {
    const ofSplit = candidates.filter((candidate) => candidate.split === split);
    const [used, ...others] = ofSplit.sort((a, b) => a.rank - b.rank || b.year - a.year).map(({ file }) => file);
    if (used === undefined) continue;
    found[split] = used;
    const names = others.map((file) => folder.nameOf(file));
    if (names.length > 0) notices.push(`${split} is ${folder.nameOf(used)}; not used: ${names.join(', ')}`);
  }
  return found;
}

const yearless = 9999;

/** JSON files with names that say nothing. */
function otherFiles(homes: readonly string[], folder: Folder): string[] {
  return homes.flatMap((home) =>
    folder
      .files(home)
      .flatMap((name) => (/\.json$/i.test(name) && !otherTasks.test(name) ? [path.join(home, name)] : [])),
  );
}

/** Describes the names that were looked for, and the JSON files in the folder, none of which was recognised as COCO. */
export function cocoLooksLike(folder: Folder): string {
  const known = 'annotations/instances_train2017.json, train.json, train/_annotations.coco.json and the like';
  const annotations = folder.subfolder(folder.root, 'annotations');
  const names = otherFiles([folder.root, ...(annotations === undefined ? [] : [annotations])], folder).map((file) =>
    folder.nameOf(file),
  );
  if (names.length === 0) return known;
  const shown = names.slice(0, 8).join(', ') + (names.length > 8 ? ', …' : '');
  return `${known}; none of ${shown} has a known name or is the only one with images, annotations and categories`;
}

/** Whether the beginning and the end have two of the three lists, which may be gigabytes apart. */
function looksLikeCoco(file: string): boolean {
  const length = 1 << 16;
  let text: string;
  try {
    const descriptor = fs.openSync(file, 'r');
    try {
      const { size } = fs.fstatSync(descriptor);
      const ends = [Buffer.alloc(length), Buffer.alloc(length)] as const;
      fs.readSync(descriptor, ends[0], 0, length, 0);
      fs.readSync(descriptor, ends[1], 0, length, Math.max(0, size - length));
      // The keys are ASCII: without its zeros, UTF-16 contains them too.
      text = ends.map((bytes) => bytes.toString('latin1').replaceAll('\0', '')).join('\n');
    } finally {
      fs.closeSync(descriptor);
    }
  } catch {
    return false;
  }
  const keys = ['images', 'annotations', 'categories'];
  return keys.filter((key) => new RegExp(`"${key}"\\s*:\\s*\\[`).test(text)).length >= 2;
}

function candidateOf(home: string, name: string): Candidate | undefined {
  const [, prefix, word = '', year] = /^(?:(.+)[_-])?([a-z]+)(\d{4})?\.json$/i.exec(name) ?? [];
  const split = splitOfName(word);
  if (otherTasks.test(name)) return undefined;
  if (split === undefined) {
    const [, first = '', firstYear] = /^([a-z]+)(\d{4})?[_-].*\.json$/i.exec(name) ?? [];
    const leading = splitOfName(first);
    if (leading !== undefined && looksLikeCoco(path.join(home, name))) {
      const year = firstYear === undefined ? yearless : Number(firstYear);
      return { split: leading, file: path.join(home, name), rank: 1, year };
    }
    const [, within] = /^instances[_-].*?(train|val|(?<![a-z])test).*\.json$/i.exec(name) ?? [];
    const [written] = /\d{4}/.exec(name) ?? [];
    const year = written === undefined ? yearless : Number(written);
    return within === undefined
      ? undefined
      : { split: within.toLowerCase() as SplitName, file: path.join(home, name), rank: 1, year };
  }
  const rank = prefix === undefined || /^instances$/i.test(prefix) ? 0 : 1;
  return { split, file: path.join(home, name), rank, year: year === undefined ? yearless : Number(year) };
}

/**
 * Folders that may hold the images of one JSON file: its own, folders named after it or its split (`train2017`), the
 * root, `images` or `data`.
 */
export function imagePlaces(folder: Folder, json: string, split: SplitName): string[] {
  const beside = path.dirname(json);
  const word = path.basename(json, '.json').replace(/^instances_/i, '');
  const names = [word, ...({ train: ['train'], val: ['val', 'valid', 'validation'], test: ['test'] } as const)[split]];
  const roots = [...new Set([beside, folder.root])];
  const containers = roots.flatMap((root) => [root, path.join(root, 'images'), path.join(root, 'data')]);
  const named = containers.flatMap((container) => {
    const ofSplit = folder.folders(container).filter((name) => splitOfName(name) === split);
    return [...names, ...ofSplit].map((name) => path.join(container, name));
  });
  return [...new Set([beside, ...named, ...containers])];
}
