/**
 * COCO's evaluation of boxes, with the numbers of pycocotools' `COCOeval`.
 *
 * Source: `cocoeval.py` of pycocotools 2.0.11.
 */
import { addClass, type Curves, emptyCurves } from './curves.ts';
import { type CocoFigures, figureNames, figuresOf } from './figures.ts';
import { flattenDetections, flattenTruths } from './flatten.ts';
import { checkDetections, checkTruths, type ImageDetections, type ImageTruth } from './images.ts';
import { matchClass } from './match.ts';
import { type AreaName, areaRanges, iouThresholds, recallThresholds } from './protocol.ts';

/** Options of an evaluation. */
export interface EvaluationOptions {
  /** K, number of classes. */
  readonly numClasses: number;
  /**
   * Whether boxes, areas and scores may contain NaN and infinities, as pycocotools allows: a box with NaN may overlap
   * every other, and a score of NaN comes last. A model that produces NaN would then look good.
   * @defaultValue false
   */
  readonly allowNonFinite?: boolean;
}

/** The figures over all classes and for each class, with the curves behind them. */
export interface CocoEvaluation extends CocoFigures {
  /** The twelve figures in the order of pycocotools' `stats`. */
  readonly stats: readonly number[];
  /** The figures of each class, `[K]`. */
  readonly perClass: readonly CocoFigures[];
  readonly curves: Curves;
}

/**
 * Evaluates detections against the objects of the same images.
 *
 * Figures are in 0..1, or −1 where there is nothing to find: no object, or none of that size. Images without objects
 * count, because every detection in them is wrong. For each image and class, the 100 best detections count.
 *
 * @param truths the objects of each image
 * @param detections the detections of each image, in the same order; empty if nothing was detected
 * @throws RangeError if the two sides have different numbers of images, an array is missing or its length does not fit,
 *   a label is not one of the classes, or a number is not finite although it must be
 */
export function evaluateDetections(
  truths: readonly ImageTruth[],
  detections: readonly ImageDetections[],
  { numClasses, allowNonFinite = false }: EvaluationOptions,
): CocoEvaluation {
  if (!Number.isSafeInteger(numClasses) || numClasses < 0) {
    throw new RangeError(`expected a whole number of classes, got ${numClasses}`);
  }
  if (truths.length !== detections.length) {
    throw new RangeError(
      `expected the detections of ${truths.length} images, got those of ${detections.length}: an image in which ` +
        'nothing was detected has empty arrays',
    );
  }
  const requirements = { numClasses, finite: !allowNonFinite };
  checkTruths(truths, requirements);
  checkDetections(detections, requirements);
  const sides = {
    imageCount: truths.length,
    truths: flattenTruths(truths, numClasses),
    detections: flattenDetections(detections, numClasses),
  };
  const curves = emptyCurves(numClasses);
  for (let label = 0; label < numClasses; label++) addClass(curves, label, matchClass(label, sides));
  const figures = figuresOf(curves);
  return {
    ...figures,
    stats: figureNames.map((name) => figures[name]),
    perClass: Array.from({ length: numClasses }, (_, label) => figuresOf(curves, label)),
    curves,
  };
}

/** A class's precision at 101 recalls. */
export interface PrecisionRecall {
  /** `[R]`: 0, 0.01, … 1. */
  readonly recall: readonly number[];
  /** `[R]`: the best precision at that recall or a higher one; 0 if the recall is not reached. */
  readonly precision: readonly number[];
}

/**
 * The curve whose mean is a class's AP at one IoU threshold; undefined if the class has no objects of that size.
 *
 * @param iou one of 0.5, 0.55, … 0.95
 * @throws RangeError if the label or the threshold is not one of the evaluation's
 */
export function precisionRecall(
  { curves: { numClasses, precision } }: CocoEvaluation,
  { label, iou = 0.5, area = 'all' }: { readonly label: number; readonly iou?: number; readonly area?: AreaName },
): PrecisionRecall | undefined {
  const t = iouThresholds.findIndex((threshold) => Math.abs(threshold - iou) < 1e-9);
  const a = areaRanges.findIndex(({ name }) => name === area);
  if (t < 0) throw new RangeError(`no curve for an IoU of ${iou}: expected 0.5, 0.55, … 0.95`);
  if (a < 0) throw new RangeError(`no curve for the area '${area}': expected ${areaRanges.map(({ name }) => name)}`);
  if (!Number.isInteger(label) || label < 0 || label >= numClasses) {
    throw new RangeError(`no curve for label ${label}: expected 0..${numClasses - 1}`);
  }
  const R = recallThresholds.length;
  const ofClass = recallThresholds.map(
    (_, r) => precision[((t * R + r) * numClasses + label) * areaRanges.length + a] as number,
  );
  return (ofClass[0] as number) < 0 ? undefined : { recall: recallThresholds, precision: ofClass };
}
