/** What describes a YOLO data set, whatever file it stands in: its classes, and where the images of its splits are. */
import type { Category } from '../dataset.ts';
import type { SplitName } from './read-splits.ts';

export interface YoloClasses {
  readonly categories: readonly Category[];
  /** by the class index of the label files */
  readonly labels: ReadonlyMap<number, number>;
}

export interface YoloDescription extends YoloClasses {
  /** of the file it stands in, for messages */
  readonly name: string;
  /** the absolute folder that paths are relative to */
  readonly home: string;
  /** `path` of a yaml: what the paths are relative to instead, if it is there; empty where there is none */
  readonly base: string;
  /** whether the description says that keypoints follow the box on a line */
  readonly keypoints: boolean;
  readonly sources: readonly YoloSource[];
}

/** Where the images of a split are. */
export interface YoloSource {
  readonly split: SplitName;
  /** the field that says it */
  readonly key: string;
  /** folders of images, and `.txt` lists of them */
  readonly written: readonly unknown[];
}

export function classesOf(entries: readonly [index: number, name: string][]): YoloClasses {
  const sorted = entries.toSorted(([a], [b]) => a - b);
  return {
    categories: sorted.map(([, name], label) => ({ id: label + 1, name })),
    labels: new Map(sorted.map(([index], label) => [index, label])),
  };
}
