/** The interface of readers, each of which reads one format: an object in the list that `openDataset` goes through. */
import type { Folder } from './folder.ts';
import type { Reading, ReadSplits } from './read-splits.ts';

/** An option with the values that it may have: the first is taken unless another one is given. */
export interface ReaderOption<Value = string | number> {
  /** Title for people, as in "the VOC origin". */
  readonly title: string;
  /** Meaning of the option, for the help of a command line. */
  readonly meaning: string;
  readonly values: readonly [Value, ...Value[]];
}

/** Finds and reads the annotations of one format. */
export interface DatasetReader<Found = unknown, Options extends object = object> {
  /** The name of the format, as `OpenOptions.format` and `Dataset.format` have it. */
  readonly name: string;
  /** Title for people, such as `COCO`. */
  readonly title: string;
  /** Options of the reader, by their names among those of `openDataset`. */
  readonly options?: { readonly [Name in keyof Options]: ReaderOption<Options[Name]> };

  /**
   * The signs that were looked for, and what was seen instead: the end of a line for a user whose folder was not
   * recognised.
   */
  looksLike(folder: Folder): string;

  /**
   * Finds what there is to read, or returns undefined if the folder does not have this format.
   *
   * @param notices one line each: choices made on the user's behalf, shown if this is what is read
   */
  find(folder: Folder, notices: string[]): Found | undefined;

  /**
   * Finds what there is to read where `find` sees nothing, from signs that data sets of other formats have as well. A
   * later reader of the list that finds something has priority, unless this format is asked for.
   */
  guess?(folder: Folder): Found | undefined;

  /**
   * Reads what was found. What is wrong in it goes into `reading.problems`, and is left out.
   *
   * @throws DataError if nothing can be read
   */
  read(found: Found, reading: Reading, options: Options): Promise<ReadSplits>;
}
