/** The names of logged figures, which are those of the reference implementations, and their meanings. */
import type { PredictionSet } from './predictions.ts';

/** The meaning of a logged figure. */
export interface FigureMeaning {
  /** The quantity, whichever queries and layer it belongs to: `loss_bbox`, `class_error`. */
  readonly quantity: string;
  /**
   * A `term` of the loss before its weight, a `part` of a term that is logged alongside it, or an `error`, which has no
   * gradient.
   */
  readonly kind: 'term' | 'part' | 'error';
  /** The prediction set that the figure belongs to. */
  readonly set: PredictionSet['name'];
  /** Whether the figure belongs to known queries rather than matching ones. */
  readonly known: boolean;
  /** Index of the layer, from 0. */
  readonly layer: number;
  /** Whether that is the last layer. */
  readonly last: boolean;
}

/** A logged figure with its name. */
export interface Figure extends FigureMeaning {
  /**
   * Name in logs, such as `tgt_loss_bbox_0`. Figures of known queries begin with `tgt_`, those of all layers but the
   * last end in the layer's index, and those of the encoder's predictions have `_enc`, such as `loss_bbox_enc`.
   */
  readonly name: string;
}

/** A logged figure with its name and value. */
export interface LoggedFigure extends Figure {
  readonly value: number;
}

/** Builds the name of a figure from its meaning. */
export function figure(meaning: FigureMeaning): Figure {
  const { quantity, set, known, layer, last } = meaning;
  const name = `${known ? 'tgt_' : ''}${quantity}${set === 'encoder' ? '_enc' : ''}${last ? '' : `_${layer}`}`;
  return { name, ...meaning };
}

/** Maps the names of figures to their values, in the order of the list. */
export function byName(figures: readonly LoggedFigure[]): Record<string, number> {
  return Object.fromEntries(figures.map(({ name, value }) => [name, value]));
}
