/** Read-only access to a data set's folder; each directory is listed once. */
import fs from 'node:fs';
import path from 'node:path';
import { foldName, stem } from './file-names.ts';
import { isNobodysData } from './nobodys-data.ts';

interface Listing {
  readonly files: ReadonlySet<string>;
  readonly folders: readonly string[];
  /** Files by their folded name, and by their folded name without extension; each map is made when first needed. */
  folded?: ReadonlyMap<string, readonly string[]>;
  foldedStems?: ReadonlyMap<string, readonly string[]>;
}

/** A folder of a data set, in which readers look up files by the names that annotations give them. */
export class Folder {
  readonly #listings = new Map<string, Listing>();
  readonly #passedOver: string[] = [];
  #filesBelowRoot: ReadonlyMap<string, readonly string[]> | undefined;

  /** @param root absolute path */
  constructor(readonly root: string) {}

  /** Hidden and system files and folders that were met so far, as `nameOf` names them. */
  get passedOver(): readonly string[] {
    return this.#passedOver;
  }

  /** The path inside the folder, with forward slashes; a file elsewhere keeps its complete path. */
  nameOf(file: string): string {
    return (this.#holds(file) ? path.relative(this.root, file) : file).split(path.sep).join('/');
  }

  /** Names of the files in a directory, sorted by code unit; none if the directory does not exist. */
  files(directory: string): string[] {
    return [...this.#listing(directory).files].sort();
  }

  /** Names of the directories in a directory, sorted by code unit. */
  folders(directory: string): readonly string[] {
    return this.#listing(directory).folders;
  }

  /** The directory with this name, or the only one whose folded name is the same, or undefined. */
  subfolder(directory: string, name: string): string | undefined {
    const { folders } = this.#listing(directory);
    const found = folders.includes(name)
      ? name
      : onlyOne(folders.filter((other) => foldName(other) === foldName(name)));
    return found === undefined ? undefined : path.join(directory, found);
  }

  /** The directory that a path below another one leads to, each part found as by `subfolder`, or undefined. */
  descend(directory: string, parts: readonly string[]): string | undefined {
    let at: string | undefined = directory;
    for (const part of parts) {
      if (part === '.' || part === '' || at === undefined) continue;
      at = part === '..' ? path.dirname(at) : this.subfolder(at, part);
    }
    return at;
  }

  /** The file, if it exists under exactly this name. */
  exact(file: string): string | undefined {
    return this.#listing(path.dirname(file)).files.has(path.basename(file)) ? file : undefined;
  }

  /** The only file in the directory whose folded name is the same, or undefined. */
  spelled(directory: string, name: string): string | undefined {
    const listing = this.#listing(directory);
    listing.folded ??= grouped(listing.files, foldName);
    const found = onlyOne(listing.folded.get(foldName(name)) ?? []);
    return found === undefined ? undefined : path.join(directory, found);
  }

  /** All files in the directory whose folded name without extension is the same. */
  ofStem(directory: string, name: string): string[] {
    const listing = this.#listing(directory);
    listing.foldedStems ??= grouped(listing.files, (file) => foldName(stem(file)));
    return (listing.foldedStems.get(foldName(name)) ?? []).map((file) => path.join(directory, file));
  }

  /** Absolute paths of all files below a directory; circular links are followed once. */
  filesBelow(directory: string, seen = new Set<string>()): string[] {
    const real = realPath(directory);
    if (seen.has(real)) return [];
    seen.add(real);
    return [
      ...this.files(directory).map((name) => path.join(directory, name)),
      ...this.folders(directory).flatMap((name) => this.filesBelow(path.join(directory, name), seen)),
    ];
  }

  /** Absolute paths of the files anywhere in the data set whose folded name is the same. */
  anywhere(name: string): readonly string[] {
    this.#filesBelowRoot ??= grouped(this.filesBelow(this.root), (file) => foldName(path.basename(file)));
    return this.#filesBelowRoot.get(foldName(name)) ?? [];
  }

  #holds(file: string): boolean {
    const relative = path.relative(this.root, file);
    return relative !== '..' && !relative.startsWith(`..${path.sep}`) && !path.isAbsolute(relative);
  }

  #listing(directory: string): Listing {
    let listing = this.#listings.get(directory);
    if (listing === undefined) {
      const inside = this.#holds(directory);
      listing = list(directory, (name) => {
        if (inside) this.#passedOver.push(this.nameOf(path.join(directory, name)));
      });
      this.#listings.set(directory, listing);
    }
    return listing;
  }
}

export const onlyOne = <T>(items: readonly T[]): T | undefined => (items.length === 1 ? items[0] : undefined);

function grouped(names: Iterable<string>, keyOf: (name: string) => string): ReadonlyMap<string, readonly string[]> {
  const groups = new Map<string, string[]>();
  for (const name of names) {
    const key = keyOf(name);
    const group = groups.get(key);
    if (group) group.push(name);
    else groups.set(key, [name]);
  }
  return groups;
}

function list(directory: string, passOver: (name: string) => void): Listing {
  let entries: fs.Dirent[];
  try {
    entries = fs.readdirSync(directory, { withFileTypes: true });
  } catch {
    return { files: new Set(), folders: [] };
  }
  const files = new Set<string>();
  const folders: string[] = [];
  for (const entry of entries) {
    if (isNobodysData(entry.name)) {
      passOver(entry.name);
      continue;
    }
    const kind = entry.isSymbolicLink() ? statsOf(path.join(directory, entry.name)) : entry;
    if (kind?.isDirectory()) folders.push(entry.name);
    // A link that leads nowhere counts as a file that cannot be read.
    else if (kind === undefined || kind.isFile()) files.add(entry.name);
  }
  return { files, folders: folders.sort() };
}

/** Stats of the file or directory at a path, or undefined if none can be reached. */
export function statsOf(file: string): fs.Stats | undefined {
  try {
    return fs.statSync(file);
  } catch {
    return undefined;
  }
}

function realPath(file: string): string {
  try {
    return fs.realpathSync(file);
  } catch {
    return file;
  }
}
