/** What is logged about a step beside its loss, on the host, under the names of the reference implementations. */
import type { LossTargets } from './targets.ts';

type Layout = Pick<LossTargets, 'layers' | 'batch' | 'known' | 'total'>;

/**
 * The losses of every layer: `loss_ce`, `loss_bbox`, `loss_giou`, and the two halves of `loss_bbox`, `loss_xy` and
 * `loss_hw`. The last layer's names stand alone, layer i's end in `_i`; those of known queries begin with `tgt_`.
 *
 * @param terms the sums of the criterion `[P, L, 6]`
 */
export function namedLosses(terms: ArrayLike<number>, layout: Layout): Record<string, number> {
  const losses: Record<string, number> = {};
  let row = 0;
  for (const { prefix } of partsOf(layout)) {
    for (let layer = 0; layer < layout.layers; layer++, row++) {
      const term = (i: number) => terms[6 * row + i] as number;
      const end = suffix(layer, layout);
      losses[`${prefix}loss_ce${end}`] = term(0);
      losses[`${prefix}loss_xy${end}`] = term(1) + term(2);
      losses[`${prefix}loss_hw${end}`] = term(3) + term(4);
      losses[`${prefix}loss_bbox${end}`] = term(1) + term(2) + term(3) + term(4);
      losses[`${prefix}loss_giou${end}`] = term(5);
    }
  }
  return losses;
}

/**
 * Errors that no gradient comes from, named as in `namedLosses`:
 *
 * - `class_error`: the share, in percent, of queries assigned to an object that give another class the highest logit; of
 *   matching queries in the last layer only, of known ones in every layer. Without any such query it is 100 for matching
 *   queries and 0 for known ones.
 * - `cardinality_error` of matching queries: by how much the number of detections is wrong, as a mean over the images. A
 *   query detects something if the last class has not the highest logit. That class is "no object" in DETR; DN-DETR has
 *   no such class and counts all the same.
 *
 * Sources: `SetCriterion` in `models/detr.py` of DETR and `models/DN_DAB_DETR/DABDETR.py` of DN-DETR, `tgt_loss_labels`
 * in its `dn_components.py`.
 *
 * @param predicted `[L, B, T]`, the class of the highest logit: `argMax(logits, 3)` in the step
 * @param lastClass C - 1
 * @param objectsPerImage `[B]`
 */
export function namedErrors(
  predicted: ArrayLike<number>,
  targets: LossTargets,
  objectsPerImage: ArrayLike<number>,
  lastClass: number,
): Record<string, number> {
  const errors: Record<string, number> = {};
  for (const part of partsOf(targets)) {
    for (let layer = 0; layer < targets.layers; layer++) {
      const end = suffix(layer, targets);
      const matching = part.prefix === '';
      if (matching)
        errors[`cardinality_error${end}`] = cardinalityError(predicted, targets, layer, objectsPerImage, lastClass);
      if (matching && end !== '') continue;
      errors[`${part.prefix}class_error${end}`] = classError(predicted, targets, layer, part) ?? (matching ? 100 : 0);
    }
  }
  return errors;
}

/** Of the queries of one part and layer; undefined if none is assigned to an object. */
function classError(
  predicted: ArrayLike<number>,
  { batch, total, classes, boxWeights }: LossTargets,
  layer: number,
  { start, end }: Part,
): number | undefined {
  let [assigned, wrong] = [0, 0];
  for (let image = 0; image < batch; image++) {
    const row = (layer * batch + image) * total;
    for (let n = row + start; n < row + end; n++) {
      if (boxWeights[n] === 0) continue;
      assigned++;
      if (predicted[n] !== classes[n]) wrong++;
    }
  }
  return assigned === 0 ? undefined : (100 * wrong) / assigned;
}

/** Of the matching queries of one layer. */
function cardinalityError(
  predicted: ArrayLike<number>,
  { batch, total, known }: LossTargets,
  layer: number,
  objectsPerImage: ArrayLike<number>,
  lastClass: number,
): number {
  let sum = 0;
  for (let image = 0; image < batch; image++) {
    let detections = 0;
    const row = (layer * batch + image) * total;
    for (let n = row + known; n < row + total; n++) if (predicted[n] !== lastClass) detections++;
    sum += Math.abs(detections - (objectsPerImage[image] as number));
  }
  return sum / batch;
}

/** The known or the matching queries: what their names begin with, and from where to where they lie. */
interface Part {
  readonly prefix: string;
  readonly start: number;
  readonly end: number;
}

/** The parts there are, in the order of `terms`. */
function partsOf({ known, total }: Layout): Part[] {
  const parts = [
    { prefix: 'tgt_', start: 0, end: known },
    { prefix: '', start: known, end: total },
  ];
  return parts.filter(({ start, end }) => end > start);
}

function suffix(layer: number, { layers }: Layout): string {
  return layer === layers - 1 ? '' : `_${layer}`;
}
