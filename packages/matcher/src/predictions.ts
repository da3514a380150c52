/** Predictions of queries, and the check that their arrays are as long as their sizes say. */

/** Predictions of the Q queries of one image in one decoder layer. */
export interface QueryPredictions {
  /** `[Q, numLogits]` */
  readonly logits: Float32Array;
  /** `[Q, 4]`: cxcywh in 0..1 of the image. */
  readonly boxes: Float32Array;
  /** Q */
  readonly queries: number;
  /** The number of logits of each query: one more than `numClasses` in a model whose last logit means "no object". */
  readonly numLogits: number;
  /** The number of real classes, which the first logits stand for; labels of objects are below it. */
  readonly numClasses: number;
}

/** The same for a batch in all decoder layers, read back from the tensors. */
export interface LayerPredictions extends QueryPredictions {
  /** `[L, B, Q, numLogits]` */
  readonly logits: Float32Array;
  /** `[L, B, Q, 4]`: cxcywh in 0..1 of the image. */
  readonly boxes: Float32Array;
  /** L */
  readonly layers: number;
  /** B */
  readonly batch: number;
}

/**
 * @param leading the sizes of the axes before the queries, by name
 * @throws RangeError if a size is no whole number, or the arrays are not of these sizes
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
