/** The names of logged figures, as the reference implementations have them, and what each one means. */
import type { PredictionSet } from './predictions.ts';

/** Meaning of a logged figure. */
export interface FigureMeaning {
  /** Quantity that is measured, of any queries and layer: `loss_bbox`, `class_error`. */
  readonly quantity: string;
  /** A term of the loss, before its weight; a part of one, logged beside it; or an error that no gradient comes from. */
  readonly kind: 'term' | 'part' | 'error';
  /** The set of predictions that it is measured of. */
  readonly set: PredictionSet['name'];
  /** Measured of known queries, not of matching ones. */
  readonly known: boolean;
  /** The layer, from 0. */
  readonly layer: number;
  /** It is of the last layer. */
  readonly last: boolean;
}

/** A figure as it is named in logs. */
export interface Figure extends FigureMeaning {
  /**
   * `tgt_loss_bbox_0`: figures of known queries begin with `tgt_`, those of all layers but the last end in a number, and
   * `loss_bbox_enc` is of the encoder's predictions.
   */
  readonly name: string;
}

export interface LoggedFigure extends Figure {
  readonly value: number;
}

/** Names a figure by what it means. */
export function figure(meaning: FigureMeaning): Figure {
  const { quantity, set, known, layer, last } = meaning;
  const name = `${known ? 'tgt_' : ''}${quantity}${set === 'encoder' ? '_enc' : ''}${last ? '' : `_${layer}`}`;
  return { name, ...meaning };
}

/** The values of figures by their names, in their order. */
export function byName(figures: readonly LoggedFigure[]): Record<string, number> {
  return Object.fromEntries(figures.map(({ name, value }) => [name, value]));
}
