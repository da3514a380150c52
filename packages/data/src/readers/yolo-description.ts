/**
 * The description of a YOLO data set, whichever file contains it: its classes, and the places of its splits' images.
 */
import type { Category } from '../dataset.ts';
import type { SplitName } from './read-splits.ts';

export interface YoloClasses {
  readonly categories: readonly Category[];
  /** Labels by the class index in the label files. */
  readonly labels: ReadonlyMap<number, number>;
}

export interface YoloDescription extends YoloClasses {
  /** Name of the file that contains the description, for messages. */
  readonly name: string;
  /** Absolute path of the folder that paths are relative to. */
  readonly home: string;
  /** The `path` in a yaml: the paths are relative to it instead, if it exists; empty where there is none. */
  readonly base: string;
  /** Whether the description says that keypoints follow the box on a line. */
  readonly keypoints: boolean;
  readonly sources: readonly YoloSource[];
}

/** The places of a split's images. */
export interface YoloSource {
  readonly split: SplitName;
  /** The field that names them. */
  readonly key: string;
  /** Folders of images, and `.txt` lists of images. */
  readonly written: readonly unknown[];
}

export function classesOf(entries: readonly [index: number, name: string][]): YoloClasses {
  const sorted = entries.toSorted(([a], [b]) => a - b);
  return {
    categories: sorted.map(([, name], label) => ({ id: label + 1, name })),
    labels: new Map(sorted.map(([index], label) => [index, label])),
  };
}
