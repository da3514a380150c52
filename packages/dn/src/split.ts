import { DnError } from './error.ts';
import type { GroupLayout } from './groups.ts';

/** Outputs of a decoder, with known queries separated from matching ones. */
export interface SplitOutputs {
  /** Outputs of the known queries, `[…, B, K, width]`. */
  readonly known: Float32Array;
  /** Outputs of the matching queries, `[…, B, Q, width]`. */
  readonly matching: Float32Array;
}

/**
 * Splits a decoder's outputs for all queries, `[…, B, T, width]`, into copies of the known and the matching part. The
 * leading axes, such as layers, are kept. Only the matching part may go to the bipartite matching.
 *
 * @param outputs logits (width: classes), boxes (width: 4) or features of any number of layers
 * @throws DnError if the length is not a multiple of B × T × width, because queries or images were added or lost
 */
export function splitOutputs(
  outputs: Float32Array,
  { batch, known, matching, total }: Pick<GroupLayout, 'batch' | 'known' | 'matching' | 'total'>,
  width: number,
): SplitOutputs {
  if (outputs.length > 0 && outputs.length % (batch * total * width) !== 0) {
    throw new DnError(
      `outputs hold ${outputs.length} numbers: expected a multiple of ${batch} (images) × ${total} (queries: ${known} known, ${matching} matching) × ${width}`,
    );
  }
  const rows = outputs.length / (total * width);
  const parts = {
    known: new Float32Array(rows * known * width),
    matching: new Float32Array(rows * matching * width),
  };
  for (let row = 0; row < rows; row++) {
    const start = row * total * width;
    const middle = start + known * width;
    parts.known.set(outputs.subarray(start, middle), row * known * width);
    parts.matching.set(outputs.subarray(middle, start + total * width), row * matching * width);
  }
  return parts;
}
