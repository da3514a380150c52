/** The metrics of an evaluation: the quality of the detections and the stability of the matching. */
import type { Category } from '@dn-detr/data';
import {
  anchorDistance,
  countDuplicates,
  evaluateDetections,
  matchingInstability,
  type QueryMatches,
} from '@dn-detr/metrics';
import type { Inferred } from './evaluator.ts';

/** AP and AR as COCO defines them, in 0..1; -1 where there is no object to find. */
export interface Evaluation {
  readonly AP: number;
  readonly AP50: number;
  readonly AP75: number;
  readonly APs: number;
  readonly APm: number;
  readonly APl: number;
  readonly AR1: number;
  readonly AR10: number;
  readonly AR100: number;
  /**
   * Instability IS of the last layer since the previous evaluation, relative as IS / (2M) and raw as IS; null at the
   * first evaluation and for one off the regular interval.
   */
  readonly instability: number | null;
  readonly instabilityRaw: number | null;
  /** Relative instability of every layer, `[L]`. */
  readonly instabilityByLayer: readonly number[] | null;
  /** Mean distance between anchors and their matched boxes; null for models without anchors. */
  readonly anchorDistance: number | null;
  readonly perClass: readonly { readonly name: string; readonly AP: number; readonly AP50: number }[];
  readonly duplicates: { readonly perObject: number; readonly APWithNms: number };
}

/**
 * Computes the metrics of a model's detections.
 *
 * @param before the matches of the previous evaluation of the same images, if changes since then are to be counted
 */
export function evaluate(
  { images, targets, detections, matches, anchors }: Inferred,
  categories: readonly Category[],
  before: QueryMatches | undefined,
): Evaluation {
  const truths = images.map(({ objects }) => objects);
  const options = { numClasses: categories.length };
  const { AP, AP50, AP75, APs, APm, APl, AR1, AR10, AR100, perClass } = evaluateDetections(truths, detections, options);
  const { perObject, APWithNms } = countDuplicates(truths, detections, options);
  const changes = before && matchingInstability(before, matches);
  const boxes = targets.map((target) => target.boxes);
  return {
    ...{ AP, AP50, AP75, APs, APm, APl, AR1, AR10, AR100 },
    instability: changes?.relative ?? null,
    instabilityRaw: changes?.mean ?? null,
    instabilityByLayer: changes?.perLayer.map(({ relative }) => relative) ?? null,
    anchorDistance: anchors ? (anchorDistance(anchors, matches, boxes).mean ?? null) : null,
    perClass: categories.map(({ name }, label) => {
      const figures = perClass[label] as (typeof perClass)[number];
      return { name, AP: figures.AP, AP50: figures.AP50 };
    }),
    duplicates: { perObject, APWithNms },
  };
}
