/** The figures that are logged for a step in addition to its loss, computed on the host. */
import { figure, type LoggedFigure } from './figures.ts';
import type { LossTargets } from './targets.ts';
import { type LossTerm, widthOf } from './term.ts';

type Layout = Pick<LossTargets, 'set' | 'layers' | 'known' | 'total'>;

/**
 * The terms of the loss for every layer, before weighting, and the parts of terms that have any. With the built-in
 * terms these are `loss_ce`, `loss_xy`, `loss_hw`, `loss_bbox` and `loss_giou`.
 *
 * @param sums sums of the criterion, `[P, L, W]`
 * @param terms the terms that the criterion was given
 */
export function lossFigures(sums: ArrayLike<number>, terms: readonly LossTerm[], layout: Layout): LoggedFigure[] {
  const measured = termColumns(terms);
  const width = sumOf(terms.map(widthOf));
  return layersOf(layout).flatMap(({ start: _, end: __, ...part }, row) =>
    measured.map(({ columns, ...measure }) => ({
      ...figure({ ...measure, ...part }),
      value: sumOf(columns.map((column) => sums[width * row + column] as number)),
    })),
  );
}

/**
 * The quantities that terms measure, each with the columns of `sums` that it adds up; the parts of a term precede it.
 */
function termColumns(terms: readonly LossTerm[]) {
  let start = 0;
  return terms.flatMap((term) => {
    const columns = Array.from({ length: widthOf(term) }, (_, i) => start + i);
    start += columns.length;
    const parts = [...new Set(term.columns)].map((part) => ({
      quantity: `loss_${part}`,
      kind: 'part' as const,
      columns: columns.filter((_, i) => term.columns?.[i] === part),
    }));
    return [...parts, { quantity: `loss_${term.name}`, kind: 'term' as const, columns }];
  });
}

const sumOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);

/**
 * The errors in the predictions of each layer, as figures without a gradient:
 *
 * - `class_error`: the percentage of queries assigned to an object whose highest logit is not that of the object's
 *   class. It is measured for matching queries in the decoder's last layer only, and for known queries in every layer.
 *   If no query is assigned to an object, it is 100 for matching queries and 0 for known ones.
 * - `cardinality_error` of matching queries: the absolute difference between the numbers of detections and of objects,
 *   averaged over all images. A query counts as a detection unless its last logit is the highest. In DETR the last
 *   logit means "no object". In DN-DETR it belongs to the last class, and the reference code counts in the same way.
 *
 * Sources: `SetCriterion` in `models/detr.py` of DETR and `models/DN_DAB_DETR/DABDETR.py` of DN-DETR, `tgt_loss_labels`
 * in its `dn_components.py`.
 *
 * @param predicted `[L, B, T]`, the index of the highest logit: `argMax(logits, 3)` in the step
 * @param lastLogit the index of the last logit, `numLogits - 1`
 * @param objectsPerImage `[B]`
 */
export function errorFigures(
  predicted: ArrayLike<number>,
  targets: LossTargets,
  objectsPerImage: ArrayLike<number>,
  lastLogit: number,
): LoggedFigure[] {
  return layersOf(targets).flatMap(({ start, end, ...part }) => {
    const { set, known, layer, last } = part;
    const error = (quantity: string, value: number): LoggedFigure => ({
      ...figure({ quantity, kind: 'error', ...part }),
      value,
    });
    const classes = () => classError(predicted, targets, layer, start, end);
    if (known) return [error('class_error', classes() ?? 0)];
    const cardinality = cardinalityError(predicted, targets, layer, objectsPerImage, lastLogit);
    return [
      error('cardinality_error', cardinality),
      ...(last && set === 'decoder' ? [error('class_error', classes() ?? 100)] : []),
    ];
  });
}

/** The class error of one part and layer, in percent; undefined if no query is assigned to an object. */
function classError(
  predicted: ArrayLike<number>,
  { batch, total, classes, boxWeights }: LossTargets,
  layer: number,
  start: number,
  end: number,
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

/** The cardinality error of the matching queries of one layer. */
function cardinalityError(
  predicted: ArrayLike<number>,
  { batch, total, known }: LossTargets,
  layer: number,
  objectsPerImage: ArrayLike<number>,
  lastLogit: number,
): number {
  let sum = 0;
  for (let image = 0; image < batch; image++) {
    let detections = 0;
    const row = (layer * batch + image) * total;
    for (let n = row + known; n < row + total; n++) if (predicted[n] !== lastLogit) detections++;
    sum += Math.abs(detections - (objectsPerImage[image] as number));
  }
  return sum / batch;
}

/** The known or the matching queries of one layer, with their range `start` to `end` among all queries of an image. */
interface LayerPart {
  readonly set: LossTargets['set'];
  readonly known: boolean;
  readonly layer: number;
  readonly last: boolean;
  readonly start: number;
  readonly end: number;
}

/** All layers of the existing parts, in the order of the criterion's sums. */
function layersOf({ set, layers, known, total }: Layout): LayerPart[] {
  const parts = [
    { known: true, start: 0, end: known },
    { known: false, start: known, end: total },
  ].filter(({ start, end }) => end > start);
  return parts.flatMap((part) =>
    Array.from({ length: layers }, (_, layer) => ({ set, ...part, layer, last: layer === layers - 1 })),
  );
}
