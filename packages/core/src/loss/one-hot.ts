/** Classes as one-hot rows. */
import { cast, oneHot, slice, type Tensor1D, type Tensor2D } from '@tensorflow/tfjs-core';

/**
 * One-hot rows with an integer `own` at the class of each row and an integer `other` at all other classes, as float32
 * `[N, count]`. A row whose class is not in 0..count-1 has `other` everywhere.
 *
 * The `oneHot` of tfjs cannot do this everywhere: it rejects a single class, and the stock WASM backend writes the bits
 * of integers whichever dtype is requested.
 */
export function oneHotRows(classes: Tensor1D, count: number, own: number, other: number): Tensor2D {
  const rows = oneHot(classes, Math.max(count, 2), own, other, 'int32') as Tensor2D;
  return cast(count > 1 ? rows : slice(rows, [0, 0], [-1, count]), 'float32');
}
