/** Statistics of a split. */
import { max, mean, median, min } from 'd3-array';
import type { DatasetImage } from './dataset.ts';
import { trainingObjects } from './training-objects.ts';

/** Numbers of images and objects in a split. */
export interface SplitSummary {
  readonly images: number;
  /** Number of images without any object, where crowds count as objects. */
  readonly imagesWithoutObjects: number;
  /** Number of objects as annotated, which is what evaluation sees. */
  readonly objects: number;
  /** Number of objects of each class `[K]`, as annotated. */
  readonly objectsOfClass: readonly number[];
  /** Objects that training uses, crowds and empty boxes that it drops, and used objects that it clips at the border. */
  readonly training: {
    readonly objects: number;
    readonly crowd: number;
    readonly empty: number;
    readonly clipped: number;
  };
  /** Objects per image, as annotated. */
  readonly objectsPerImage: Spread;
  /** Widths of the images in pixels. */
  readonly imageWidth: Spread;
  /** Heights of the images in pixels. */
  readonly imageHeight: Spread;
  /** Square root of width × height of the boxes that training uses, in pixels. */
  readonly boxSide: Spread;
}

/** Statistics of a set of values; all 0 where there are none. */
export interface Spread {
  readonly min: number;
  readonly median: number;
  readonly mean: number;
  readonly max: number;
}

/**
 * Computes the statistics of a split.
 *
 * @param classCount K, the number of classes
 */
export function summarise(images: readonly DatasetImage[], classCount: number): SplitSummary {
  const objectsOfClass = new Array<number>(classCount).fill(0);
  const training = { objects: 0, crowd: 0, empty: 0, clipped: 0 };
  const boxSides: number[] = [];
  for (const image of images) {
    for (const label of image.objects.labels) objectsOfClass[label] = (objectsOfClass[label] as number) + 1;
    const { labels, boxes, dropped, clipped } = trainingObjects(image);
    training.objects += labels.length;
    training.crowd += dropped.crowd;
    training.empty += dropped.empty;
    training.clipped += clipped;
    for (let at = 0; at < boxes.length; at += 4) {
      boxSides.push(Math.sqrt((boxes[at + 2] as number) * (boxes[at + 3] as number)));
    }
  }
  const counts = images.map(({ objects }) => objects.labels.length);
  return {
    images: images.length,
    imagesWithoutObjects: counts.filter((count) => count === 0).length,
    objects: counts.reduce((sum, count) => sum + count, 0),
    objectsOfClass,
    training,
    objectsPerImage: spreadOf(counts),
    imageWidth: spreadOf(images.map(({ width }) => width)),
    imageHeight: spreadOf(images.map(({ height }) => height)),
    boxSide: spreadOf(boxSides),
  };
}

function spreadOf(values: readonly number[]): Spread {
  return { min: min(values) ?? 0, median: median(values) ?? 0, mean: mean(values) ?? 0, max: max(values) ?? 0 };
}
