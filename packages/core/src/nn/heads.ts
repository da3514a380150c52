/** Splits activations `[B*N, H*e]` into heads `[B*H, N, e]`, each a separate matrix, and merges them again. */
import {
  reshape,
  split,
  type Tensor2D,
  type Tensor3D,
  type Tensor4D,
  type Tensor5D,
  transpose,
} from '@tensorflow/tfjs-core';

/** The number of images, B, and of heads, H. */
export interface HeadShape {
  readonly batch: number;
  readonly heads: number;
}

/**
 * Splits `[B*N, H*e]` into heads, `[B*H, N, e]`.
 *
 * @throws if the rows or the width cannot be divided by the batch or the heads
 */
export function splitHeads(x: Tensor2D, shape: HeadShape): Tensor3D {
  const { batch, heads } = shape;
  const [tokens, width] = headSizes(x, shape);
  const byHead = transpose<Tensor4D>(reshape(x, [batch, tokens, heads, width]), [0, 2, 1, 3]);
  return reshape(byHead, [batch * heads, tokens, width]);
}

/**
 * Splits queries and keys that lie side by side, `[B*N, 2*H*e]`, into two tensors `[B*H, N, e]`. The transposition
 * moves the pair to the front, where a split shares memory instead of copying and its gradient is one concatenation.
 *
 * @throws if the rows or the width cannot be divided by the batch or the heads
 */
export function splitHeadPairs(x: Tensor2D, shape: HeadShape): [Tensor3D, Tensor3D] {
  const { batch, heads } = shape;
  const [tokens, width] = headSizes(x, shape, 2);
  const byHead = transpose<Tensor5D>(reshape(x, [batch, tokens, 2, heads, width]), [2, 0, 3, 1, 4]);
  return split<Tensor3D>(reshape(byHead, [2 * batch * heads, tokens, width]), 2) as [Tensor3D, Tensor3D];
}

/** Merges heads `[B*H, N, e]` to `[B*N, H*e]`. */
export function mergeHeads(x: Tensor3D, { batch, heads }: HeadShape): Tensor2D {
  const [, tokens, width] = x.shape;
  const byToken = transpose<Tensor4D>(reshape(x, [batch, heads, tokens, width]), [0, 2, 1, 3]);
  return reshape(byToken, [batch * tokens, heads * width]);
}

/**
 * The sizes N and e of activations `[B*N, H*e]`.
 *
 * @param sides number of tensors that lie side by side in `x`, each with all heads
 * @throws if the rows or the width cannot be divided by the batch or the heads
 */
export function headSizes(x: Tensor2D, { batch, heads }: HeadShape, sides = 1): [tokens: number, width: number] {
  const [rows, columns] = x.shape;
  const width = columns / sides;
  if (rows % batch !== 0 || width % heads !== 0) {
    throw new Error(`attention: ${rows} rows of ${width} cannot be divided into batch ${batch} and ${heads} heads`);
  }
  return [rows / batch, width / heads];
}
