/** The twelve figures of COCO: `summarize` in pycocotools' `cocoeval.py`. */
import type { Curves } from './curves.ts';
import { type AreaName, areaRanges, iouThresholds, maxDetections, recallThresholds } from './protocol.ts';

/** The names of the figures, in the order of pycocotools' `stats`. */
export const figureNames = [
  'AP',
  'AP50',
  'AP75',
  'APs',
  'APm',
  'APl',
  'AR1',
  'AR10',
  'AR100',
  'ARs',
  'ARm',
  'ARl',
] as const;

/** The twelve figures, each in 0..1, or −1 if there is no object of that size. */
export type CocoFigures = Readonly<Record<(typeof figureNames)[number], number>>;

interface Selection {
  readonly kind: 'precision' | 'recall';
  /** Index of one threshold; all thresholds if left out. */
  readonly iou?: number;
  readonly area: AreaName;
  readonly maxDetections: number;
}

const best = maxDetections[2];

/** The selection of values that each figure is the mean of. */
export const selections: Readonly<Record<(typeof figureNames)[number], Selection>> = {
  AP: { kind: 'precision', area: 'all', maxDetections: best },
  AP50: { kind: 'precision', iou: 0, area: 'all', maxDetections: best },
  AP75: { kind: 'precision', iou: 5, area: 'all', maxDetections: best },
  APs: { kind: 'precision', area: 'small', maxDetections: best },
  APm: { kind: 'precision', area: 'medium', maxDetections: best },
  APl: { kind: 'precision', area: 'large', maxDetections: best },
  AR1: { kind: 'recall', area: 'all', maxDetections: maxDetections[0] },
  AR10: { kind: 'recall', area: 'all', maxDetections: maxDetections[1] },
  AR100: { kind: 'recall', area: 'all', maxDetections: best },
  ARs: { kind: 'recall', area: 'small', maxDetections: best },
  ARm: { kind: 'recall', area: 'medium', maxDetections: best },
  ARl: { kind: 'recall', area: 'large', maxDetections: best },
};

/** The figures over all classes, or of one class. */
export function figuresOf(curves: Curves, label?: number): CocoFigures {
  const entries = figureNames.map((name) => [name, meanOf(curves, selections[name], label)] as const);
  return Object.fromEntries(entries) as CocoFigures;
}

/** The mean over thresholds and classes; a class without objects does not count. */
function meanOf(
  { numClasses, precision, recall }: Curves,
  { kind, iou, ...selected }: Selection,
  label?: number,
): number {
  const a = areaRanges.findIndex(({ name }) => name === selected.area);
  const m = maxDetections.indexOf(selected.maxDetections);
  const R = kind === 'precision' ? recallThresholds.length : 1;
  const values: number[] = [];
  for (let t = iou ?? 0; t < (iou === undefined ? iouThresholds.length : iou + 1); t++) {
    for (let r = 0; r < R; r++) {
      for (let k = label ?? 0; k < (label === undefined ? numClasses : label + 1); k++) {
        const at = ((t * R + r) * numClasses + k) * areaRanges.length + a;
        const value = (kind === 'precision' ? precision[at] : recall[at * maxDetections.length + m]) as number;
        if (value > -1) values.push(value);
      }
    }
  }
  return values.length === 0 ? -1 : pairwiseSum(values, 0, values.length) / values.length;
}

/**
 * Sums in the order of numpy's `pairwise_sum` (loops_utils.h.src), so that means equal pycocotools' to the last bit.
 */
function pairwiseSum(values: readonly number[], from: number, count: number): number {
  const at = (i: number): number => values[from + i] as number;
  if (count > 128) {
    const half = 8 * Math.floor(count / 16);
    return pairwiseSum(values, from, half) + pairwiseSum(values, from + half, count - half);
  }
  let sum = 0;
  let i = 0;
  if (count >= 8) {
    const sums = [0, 1, 2, 3, 4, 5, 6, 7].map(at);
    for (i = 8; i + 8 <= count; i += 8) for (let j = 0; j < 8; j++) sums[j] = (sums[j] as number) + at(i + j);
    const [a, b, c, d, e, f, g, h] = sums as [number, number, number, number, number, number, number, number];
    sum = a + b + (c + d) + (e + f + (g + h));
  }
  for (; i < count; i++) sum += at(i);
  return sum;
}
