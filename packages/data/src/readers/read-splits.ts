/** Input and output of a reader. */
import type { Category, CategoryIds } from '../dataset.ts';
import type { FileImage } from '../image-file.ts';
import type { PixelOptions } from '../pixel-options.ts';
import type { Problem } from '../problem.ts';
import type { Folder } from './folder.ts';

/** The splits that a data set can have. */
export const splitNames = ['train', 'val', 'test'] as const;
/** The name of a split. */
export type SplitName = (typeof splitNames)[number];

/** The splits that a reader found; a split is undefined if the folder does not have it. */
export interface ReadSplits extends Partial<Record<SplitName, readonly FileImage[]>> {
  readonly categories: readonly Category[];
  /** Ids of the classes by label, where the file of a split may number them differently from `categories`. */
  readonly categoryIds?: CategoryIds;
}

/** Context of a reader, and the lists to which it adds its findings. */
export interface Reading {
  readonly folder: Folder;
  readonly problems: Problem[];
  /** Choices made on the user's behalf, one line each. */
  readonly notices: string[];
  /** How image files become pixels. */
  readonly pixels: PixelOptions;
}

/** The split that a file or folder name stands for: `val2017` and `valid` are val. */
export function splitOfName(name: string): SplitName | undefined {
  const word = /^(train|val|valid|validation|test)(?:\d{4})?$/i.exec(name)?.[1]?.toLowerCase();
  if (word === undefined) return undefined;
  return word.startsWith('val') ? 'val' : (word as SplitName);
}
