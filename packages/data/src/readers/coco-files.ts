/** Where COCO annotations and the images they name lie in a folder. */
import path from 'node:path';
import type { Folder } from './folder.ts';
import { type SplitName, splitOfName } from './read-splits.ts';

/** For each split, its JSON; of several, the plainest name or the last year. */
export type CocoFiles = Partial<Record<SplitName, string>>;

export const cocoLooksLike =
  'annotations/instances_train2017.json, train.json, train/_annotations.coco.json and the like';

/** JSON files that say nothing about their split, as CVAT, FiftyOne, Label Studio and Roboflow name them. */
const unnamed = /^(?:_annotations\.coco|annotations|instances_default|labels|result)\.json$/i;

export function findCoco(folder: Folder, notices: string[]): CocoFiles | undefined {
  const candidates: { split: SplitName; file: string }[] = [];
  const annotations = folder.subfolder(folder.root, 'annotations');
  const homes = annotations === undefined ? [folder.root] : [annotations, folder.root];
  for (const home of homes) {
    for (const name of folder.files(home)) {
      const named = /^(?:instances_)?([a-z]+(?:\d{4})?)\.json$/i.exec(name)?.[1];
      const split = named === undefined ? undefined : splitOfName(named);
      if (split !== undefined) candidates.push({ split, file: path.join(home, name) });
    }
  }
  for (const name of folder.folders(folder.root)) {
    const split = splitOfName(name);
    if (split === undefined) continue;
    const home = path.join(folder.root, name);
    const file = folder.files(home).find((file) => unnamed.test(file));
    if (file !== undefined) candidates.push({ split, file: path.join(home, file) });
  }
  if (candidates.length === 0) {
    for (const home of homes) {
      const file = folder.files(home).find((file) => unnamed.test(file));
      if (file !== undefined) return { train: path.join(home, file) };
    }
    return undefined;
  }
  const found: CocoFiles = {};
  for (const split of new Set(candidates.map(({ split }) => split))) {
    const files = candidates.filter((candidate) => candidate.split === split).map(({ file }) => file);
    const [used, ...others] = files.sort((a, b) => yearOf(b) - yearOf(a)) as [string, ...string[]];
    found[split] = used;
    if (others.length > 0) {
      notices.push(
        `${split} is ${folder.nameOf(used)}; not used: ${others.map((file) => folder.nameOf(file)).join(', ')}`,
      );
    }
  }
  return found;
}

/** A name without a year comes first. */
const yearOf = (file: string): number => Number(/(\d{4})\.json$/i.exec(file)?.[1] ?? 9999);

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
