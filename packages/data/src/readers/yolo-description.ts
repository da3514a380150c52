/** Description of a YOLO data set, whatever file it is in: its classes, and where the images of its splits are. */
import type { Category } from '../dataset.ts';
import type { SplitName } from './read-splits.ts';

export interface YoloClasses {
  readonly categories: readonly Category[];
  /** Labels by the class index of the label files. */
  readonly labels: ReadonlyMap<number, number>;
}

export interface YoloDescription extends YoloClasses {
  /** Name of the file that the description is in, for messages. */
  readonly name: string;
  /** The absolute folder that paths are relative to. */
  readonly home: string;
  /** `path` of a yaml: what the paths are relative to instead, if it is there; empty where there is none */
  readonly base: string;
  /** Whether the description says that keypoints follow the box on a line. */
  readonly keypoints: boolean;
  readonly sources: readonly YoloSource[];
}

/** Where the images of a split are. */
export interface YoloSource {
  readonly split: SplitName;
  /** Field that says so. */
  readonly key: string;
  /** Folders of images, and `.txt` lists of them. */
  readonly written: readonly unknown[];
}

export function classesOf(entries: readonly [index: number, name: string][]): YoloClasses {
  const sorted = entries.toSorted(([a], [b]) => a - b);
  return {
    categories: sorted.map(([, name], label) => ({ id: label + 1, name })),
    labels: new Map(sorted.map(([index], label) => [index, label])),
  };
}
