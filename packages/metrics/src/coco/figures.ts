/** The twelve figures of COCO: `summarize` in pycocotools' `cocoeval.py`. */
import type { Curves } from './curves.ts';
import { type AreaName, areaRanges, iouThresholds, maxDetections, recallThresholds } from './protocol.ts';

/** In the order of pycocotools' `stats`. */
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

/** Each 0..1, or −1 where there is no object of that size. */
export type CocoFigures = Readonly<Record<(typeof figureNames)[number], number>>;

interface Selection {
  readonly kind: 'precision' | 'recall';
  /** index of one threshold; all without it */
  readonly iou?: number;
  readonly area: AreaName;
  readonly maxDetections: number;
}

const best = maxDetections[2];

/** What each figure is the mean of. */
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

/** The figures over all classes, or of one. */
export function figuresOf(curves: Curves, label?: number): CocoFigures {
  const entries = figureNames.map((name) => [name, meanOf(curves, selections[name], label)] as const);
  return Object.fromEntries(entries) as CocoFigures;
}

/** Over thresholds and classes; a class without objects does not count. */
function meanOf({ classes, precision, recall }: Curves, { kind, iou, ...selected }: Selection, label?: number): number {
  const a = areaRanges.findIndex(({ name }) => name === selected.area);
  const m = maxDetections.indexOf(selected.maxDetections);
  const R = kind === 'precision' ? recallThresholds.length : 1;
  let sum = 0;
  let count = 0;
  for (let t = iou ?? 0; t < (iou === undefined ? iouThresholds.length : iou + 1); t++) {
    for (let r = 0; r < R; r++) {
      for (let k = label ?? 0; k < (label === undefined ? classes : label + 1); k++) {
        const at = ((t * R + r) * classes + k) * areaRanges.length + a;
        const value = (kind === 'precision' ? precision[at] : recall[at * maxDetections.length + m]) as number;
        if (value < 0) continue;
        sum += value;
        count++;
      }
    }
  }
  return count === 0 ? -1 : sum / count;
}
