/** The constants of COCO's evaluation of boxes: `Params` in pycocotools' `cocoeval.py`. */

/**
 * `[T]`: 0.5, 0.55, … 0.95, as computed by `numpy.linspace(0.5, 0.95, 10)`. pycocotools caps the threshold of a match
 * at 1 − 1e-10, which makes no difference for these.
 */
export const iouThresholds: readonly number[] = Array.from({ length: 10 }, (_, t) => 0.5 + t * ((0.95 - 0.5) / 9));

/** `[R]`: 0, 0.01, … 1, as computed by `numpy.linspace(0, 1, 101)`. */
export const recallThresholds: readonly number[] = Array.from({ length: 101 }, (_, r) => r * 0.01);

/** COCO's ranges of object areas. */
export type AreaName = 'all' | 'small' | 'medium' | 'large';

/** A range of object areas. */
export interface AreaRange {
  readonly name: AreaName;
  /** In square pixels; both ends are inclusive. */
  readonly least: number;
  readonly most: number;
}

/** The ranges of object areas, `[A]`. */
export const areaRanges: readonly AreaRange[] = [
  { name: 'all', least: 0, most: 1e5 ** 2 },
  { name: 'small', least: 0, most: 32 ** 2 },
  { name: 'medium', least: 32 ** 2, most: 96 ** 2 },
  { name: 'large', least: 96 ** 2, most: 1e5 ** 2 },
];

/** `[M]`: how many detections per image and class count, the best by score; precision uses the last of these. */
export const maxDetections: readonly [number, number, number] = [1, 10, 100];
