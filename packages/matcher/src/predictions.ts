/** The predictions of queries, and the check that their arrays have the declared sizes. */

/** The predictions of the Q queries of one image in one decoder layer. */
export interface QueryPredictions {
  /** Logits `[Q, numLogits]`. */
  readonly logits: Float32Array;
  /** Boxes `[Q, 4]`, cxcywh in 0..1 of the image. */
  readonly boxes: Float32Array;
  /** Q, number of queries. */
  readonly queries: number;
  /** Number of logits of each query: one more than `numClasses` in a model whose last logit means "no object". */
  readonly numLogits: number;
  /** Number of real classes, to which the first logits belong; labels of objects are below it. */
  readonly numClasses: number;
}

/** The predictions of a batch in all decoder layers, read back from the tensors. */
export interface LayerPredictions extends QueryPredictions {
  /** Logits `[L, B, Q, numLogits]`. */
  readonly logits: Float32Array;
  /** Boxes `[L, B, Q, 4]`, cxcywh in 0..1 of the image. */
  readonly boxes: Float32Array;
  /** L, number of decoder layers. */
  readonly layers: number;
  /** B, number of images. */
  readonly batch: number;
}

/**
 * Checks the sizes of predictions.
 *
 * @param leading the sizes of the axes before the queries, by name
 * @throws RangeError if a size is not an integer of at least 0, or the arrays do not have these sizes
 */
export function checkPredictions(
  { logits, boxes, queries, numLogits, numClasses }: QueryPredictions,
  leading: Readonly<Record<string, number>> = {},
): void {
  for (const [name, size] of Object.entries({ ...leading, queries, numLogits, numClasses })) {
    if (!Number.isSafeInteger(size) || size < 0) {
      throw new RangeError(`expected a whole number of ${name}, got ${size}`);
    }
  }
  const expectLength = (name: string, length: number, width: number) => {
    const axes = [...Object.values(leading), queries, width];
    const expected = axes.reduce((product, axis) => product * axis, 1);
    if (length === expected) return;
    throw new RangeError(`expected ${name} [${axes.join(', ')}] of ${expected} numbers, got ${length}`);
  };
  expectLength('logits', logits.length, numLogits);
  expectLength('boxes', boxes.length, 4);
}
