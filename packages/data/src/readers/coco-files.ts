/** Where COCO annotations and the images they name lie in a folder. */
import path from 'node:path';
import type { Folder } from './folder.ts';
import { type SplitName, splitNames, splitOfName } from './read-splits.ts';

/** For each split, its JSON; of several, the plainest name or the last year. */
export type CocoFiles = Partial<Record<SplitName, string>>;

export const cocoLooksLike =
  'annotations/instances_train2017.json, train.json, train/_annotations.coco.json and the like';

/** JSON files that say nothing about their split, as CVAT, FiftyOne, Label Studio and Roboflow name them. */
const unnamed = /^(?:_annotations\.coco|annotations|instances_default|labels|result)\.json$/i;

/** Of COCO, but without boxes or for another task. */
const otherTasks = /^(?:captions|person_keypoints|panoptic|stuff|image_info)/i;

interface Candidate {
  readonly split: SplitName;
  readonly file: string;
  /** 0 for `train.json` and `instances_train.json`, 1 for `mine_train.json`, which counts in `annotations` alone */
  readonly rank: number;
  /** a name without a year counts as the latest */
  readonly year: number;
}

export function findCoco(folder: Folder, notices: string[]): CocoFiles | undefined {
  const annotations = folder.subfolder(folder.root, 'annotations');
  const homes = annotations === undefined ? [folder.root] : [annotations, folder.root];
  const candidates = [
    ...homes
      .flatMap((home) => folder.files(home).flatMap((name) => candidateOf(home, name) ?? []))
      .filter(({ file, rank }) => rank === 0 || path.dirname(file) === annotations),
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
    return undefined;
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

function candidateOf(home: string, name: string): Candidate | undefined {
  const [, prefix, word = '', year] = /^(?:(.+)[_-])?([a-z]+)(\d{4})?\.json$/i.exec(name) ?? [];
  const split = splitOfName(word);
  if (split === undefined || otherTasks.test(name)) return undefined;
  const rank = prefix === undefined || /^instances$/i.test(prefix) ? 0 : 1;
  return { split, file: path.join(home, name), rank, year: year === undefined ? yearless : Number(year) };
}

/** Finds the images of one JSON: beside it, in folders named after its split, in the root, in `images` or `data`. */
export class CocoImages {
  readonly #folder: Folder;
  /** the place of the image before first */
  #places: string[];

  constructor(folder: Folder, json: string, split: SplitName) {
    this.#folder = folder;
    const beside = path.dirname(json);
    const word = path.basename(json, '.json').replace(/^instances_/i, '');
    const names = [
      word,
      ...({ train: ['train'], val: ['val', 'valid', 'validation'], test: ['test'] } as const)[split],
    ];
    const roots = [...new Set([beside, folder.root])];
    const containers = roots.flatMap((root) => [root, path.join(root, 'images'), path.join(root, 'data')]);
    const named = containers.flatMap((container) => names.map((name) => path.join(container, name)));
    this.#places = [...new Set([beside, ...named, ...containers])];
  }

  /** The image's absolute path, or undefined. */
  find(fileName: string): string | undefined {
    // Written on Windows
    const name = fileName.replaceAll('\\', '/');
    if (path.isAbsolute(name)) return this.#folder.find(name);
    // The exact name anywhere goes before another spelling of it.
    for (const method of ['exact', 'find'] as const) {
      for (const place of this.#places) {
        const file = this.#folder[method](path.join(place, name));
        if (file === undefined) continue;
        if (place !== this.#places[0]) this.#places = [place, ...this.#places.filter((other) => other !== place)];
        return file;
      }
    }
    return undefined;
  }

  /** The folders that were searched, for messages. */
  describe(): string {
    return this.#places.map((place) => this.#folder.nameOf(place) || '.').join(', ');
  }
}
