/** A data set's folder, which is only ever read: what lies where, each directory listed once. */
import fs from 'node:fs';
import path from 'node:path';

interface Listing {
  readonly files: ReadonlySet<string>;
  readonly folders: readonly string[];
  /** file names by their folded form, built when first needed */
  folded?: Map<string, string>;
}

export class Folder {
  readonly #listings = new Map<string, Listing>();

  /** @param root absolute */
  constructor(readonly root: string) {}

  /** The path inside the folder, with forward slashes; a file elsewhere keeps its whole path. */
  nameOf(file: string): string {
    const relative = path.relative(this.root, file);
    return (relative.startsWith('..') ? file : relative).split(path.sep).join('/');
  }

  /** Names of the files in a directory, sorted by code unit; none if there is no such directory. */
  files(directory: string): string[] {
    return [...this.#listing(directory).files].sort();
  }

  /** Names of the directories in a directory, sorted by code unit. */
  folders(directory: string): readonly string[] {
    return this.#listing(directory).folders;
  }

  /** The directory of this name, in whatever letter case, or undefined. */
  subfolder(directory: string, name: string): string | undefined {
    const { folders } = this.#listing(directory);
    const found = folders.includes(name) ? name : folders.find((folder) => folder.toLowerCase() === name.toLowerCase());
    return found === undefined ? undefined : path.join(directory, found);
  }

  /** The file, if it is there under exactly this name. */
  exact(file: string): string | undefined {
    return this.#listing(path.dirname(file)).files.has(path.basename(file)) ? file : undefined;
  }

  /** The file of this name, or the one whose name differs in letter case or Unicode form (NFC, NFD) alone. */
  find(file: string): string | undefined {
    if (this.exact(file) !== undefined) return file;
    const directory = path.dirname(file);
    const listing = this.#listing(directory);
    listing.folded ??= new Map([...listing.files].map((name) => [fold(name), name]));
    const name = listing.folded.get(fold(path.basename(file)));
    return name === undefined ? undefined : path.join(directory, name);
  }

  #listing(directory: string): Listing {
    let listing = this.#listings.get(directory);
    if (listing === undefined) {
      listing = list(directory);
      this.#listings.set(directory, listing);
    }
    return listing;
  }
}

/** What names that differ in letter case or Unicode form alone have in common. */
export const fold = (name: string): string => name.normalize('NFC').toLowerCase();

function list(directory: string): Listing {
  let entries: fs.Dirent[];
  try {
    entries = fs.readdirSync(directory, { withFileTypes: true });
  } catch {
    return { files: new Set(), folders: [] };
  }
  const files = new Set<string>();
  const folders: string[] = [];
  for (const entry of entries) {
    const kind = entry.isSymbolicLink() ? statsOf(path.join(directory, entry.name)) : entry;
    if (kind?.isDirectory()) folders.push(entry.name);
    else if (kind?.isFile()) files.add(entry.name);
  }
  return { files, folders: folders.sort() };
}

/** What lies at a path, or undefined if nothing that can be reached does. */
export function statsOf(file: string): fs.Stats | undefined {
  try {
    return fs.statSync(file);
  } catch {
    return undefined;
  }
}

const imageExtension = /\.(?:jpe?g|jfif|png|bmp|webp|tiff?|gif|avif)$/i;

export function isImageName(name: string): boolean {
  return imageExtension.test(name);
}

/** The name without its last extension. */
export function stem(name: string): string {
  return path.basename(name, path.extname(name));
}
