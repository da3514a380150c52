/** The interface of a reader for one format: an object in the list that `openDataset` goes through. */
import type { Folder } from './folder.ts';
import type { Reading, ReadSplits } from './read-splits.ts';

/** An option with its possible values, of which the first is the default. */
export interface ReaderOption<Value = string | number> {
  /** Name for people, as in "the VOC origin". */
  readonly title: string;
  /** Explanation for the help of a command line. */
  readonly meaning: string;
  readonly values: readonly [Value, ...Value[]];
}

/** Finds and reads the annotations of one format. */
export interface DatasetReader<Found = unknown, Options extends object = object> {
  /** The name of the format, as `OpenOptions.format` and `Dataset.format` have it. */
  readonly name: string;
  /** Name for people: `COCO`. */
  readonly title: string;
  /** Options of this reader, by the names that they have among the options of `openDataset`. */
  readonly options?: { readonly [Name in keyof Options]: ReaderOption<Options[Name]> };

  /**
   * Describes what was looked for, and similar files that were seen: the end of a line for a user whose folder was not
   * recognised.
   */
  looksLike(folder: Folder): string;

  /**
   * The files to read, or undefined if the folder does not have this format.
   *
   * @param notices one line each for choices made on the user's behalf, shown if these files are read
   */
  find(folder: Folder, notices: string[]): Found | undefined;

  /**
   * Files that may be of this format, used if `find` finds none. The signs also occur in data sets of other formats, so
   * any later reader in the list that finds something takes precedence, unless the user asks for this format.
   */
  guess?(folder: Folder): Found | undefined;

  /**
   * Reads the files that were found. Problems in them are added to `reading.problems`, and the affected parts are left
   * out.
   *
   * @throws DataError if nothing can be read
   */
  read(found: Found, reading: Reading, options: Options): Promise<ReadSplits>;
}
