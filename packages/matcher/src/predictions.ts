/** What the queries of one image predict in one decoder layer. */
export interface QueryPredictions {
  /** `[Q, C]` */
  readonly logits: Float32Array;
  /** cxcywh in 0..1, `[Q, 4]` */
  readonly boxes: Float32Array;
}
