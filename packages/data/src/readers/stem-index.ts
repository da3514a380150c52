/** An index of files by their path without extension, as annotations and lists name them. */
import path from 'node:path';
import { foldName, stem } from './file-names.ts';

/**
 * How closely a name must agree with a file's path: with its folders or only the file name; exactly, or once folded.
 */
export type Agreement = 'path' | 'file' | 'folded path' | 'folded file';

const agreements: readonly Agreement[] = ['path', 'file', 'folded path', 'folded file'];

export class StemIndex {
  readonly #files: Readonly<Record<Agreement, Map<string, string[]>>> = {
    path: new Map(),
    file: new Map(),
    'folded path': new Map(),
    'folded file': new Map(),
  };

  /** @param files absolute paths below the directory */
  constructor(
    readonly directory: string,
    files: readonly string[],
  ) {
    for (const file of files) {
      const name = nameWithoutExtension(path.relative(directory, file).split(path.sep).join('/'));
      for (const agreement of agreements) {
        const key = keyOf(name, agreement);
        const others = this.#files[agreement].get(key);
        if (others) others.push(file);
        else this.#files[agreement].set(key, [file]);
      }
    }
  }

  /**
   * All files that agree with a name without extension in this way. Where only the file name must agree, the file may
   * still not be in folders that the name does not have: `cam0/f0` is not `cam1/f0`.
   */
  of(name: string, agreement: Agreement): readonly string[] {
    const files = this.#files[agreement].get(keyOf(name, agreement)) ?? [];
    const named = foldersOf(name);
    if (named.length === 0 || agreement.endsWith('path')) return files;
    return files.filter((file) => {
      const folders = foldersOf(path.relative(this.directory, file).split(path.sep).join('/'));
      return folders.every((folder) => named.includes(folder));
    });
  }

  /** The files that agree best with a name or, if none does, with as many of its last parts as possible. */
  best(name: string): readonly string[] {
    const parts = name.split('/');
    const ends = parts.map((_, from) => parts.slice(from).join('/'));
    for (const agreement of agreements) {
      const files = ends.map((end) => this.of(end, agreement)).find((files) => files.length > 0);
      if (files !== undefined) return files;
    }
    return [];
  }
}

/** `cam0/f0` for `cam0/f0.jpg`. */
export const nameWithoutExtension = (name: string): string => path.posix.join(path.posix.dirname(name), stem(name));

/** Names of the folders in a path, folded. */
const foldersOf = (name: string): string[] => name.split('/').slice(0, -1).map(foldName);

function keyOf(name: string, agreement: Agreement): string {
  const part = agreement.endsWith('file') ? path.posix.basename(name) : path.posix.normalize(name);
  return agreement.startsWith('folded') ? foldName(part) : part;
}
