/** Attention masks, in the form that is added to the attention scores. */
import { cast, maximum, min, mul, reshape, sub, type Tensor, type Tensor4D } from '@tensorflow/tfjs-core';

/**
 * A mask that `attentionMask` makes once for a stack of layers. The axes are batch, head, query and key; an axis has
 * size 1 where the mask is the same along it.
 */
// A type, not an interface: only types count as tensor containers.
export type AttentionMask = {
  /** Added to the scores: 0 where the key is visible, and elsewhere so low that the attention weight is exactly 0. */
  readonly bias: Tensor4D;
  /** `[…, 1]`: 1 for a query that sees a key; 0 for one that sees none and therefore attends to nothing. */
  readonly open: Tensor4D;
};

/** Added to the scores of a blocked key; well within the range of float32. */
const far = -1e9;

/**
 * Combines the masks of queries and keys, in PyTorch's convention: 1 is blocked or padded.
 *
 * @param masks tensors of any numeric type, or booleans: `blocked` is `[Q, K]` for all images and heads, or
 *   `[B*H, Q, K]`, batch first; `keyPadding` is `[B, K]`
 * @param batch B, number of images
 * @returns undefined if nothing is masked
 * @throws if the padding is not for `batch` images
 */
export function attentionMask(
  { blocked, keyPadding }: { readonly blocked?: Tensor; readonly keyPadding?: Tensor },
  batch: number,
): AttentionMask | undefined {
  const parts: Tensor4D[] = [];
  if (blocked !== undefined) {
    const [rows, columns] = blocked.shape.slice(-2) as [number, number];
    parts.push(reshape(blocked, blocked.rank === 2 ? [1, 1, rows, columns] : [batch, -1, rows, columns]));
  }
  if (keyPadding !== undefined) {
    if (keyPadding.rank !== 2 || keyPadding.shape[0] !== batch) {
      throw new Error(`attentionMask: keyPadding is [${keyPadding.shape}], expected [${batch}, keys]`);
    }
    parts.push(reshape(keyPadding, [batch, 1, 1, -1]));
  }
  const [first, second] = parts.map((part) => cast<Tensor4D>(part, 'float32'));
  if (first === undefined) return undefined;
  const hidden = second === undefined ? first : maximum<Tensor4D>(first, second);
  return { bias: mul(hidden, far), open: sub(1, min(hidden, 3, true)) };
}
