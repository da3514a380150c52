/** PyTorch's padding around sliding windows: equal on both sides, where tfjs's 'same' may pad one side more. */
import { pad, type Tensor4D } from '@tensorflow/tfjs-core';

/** Sliding windows of a convolution or a pool, the same along both axes. */
export interface Windows {
  readonly size: number;
  readonly stride: number;
  /** Number of zeros on each side. */
  readonly padding: number;
}

/**
 * Pads `x` with zeros so that windows without padding give the result of PyTorch's windows with `padding`. Zeros that
 * no window would reach are left out.
 *
 * @param x `[B, H, W, C]`
 * @returns `[B, padding + H + …, padding + W + …, C]`
 * @throws if not even one window fits
 */
export function padForWindows(x: Tensor4D, windows: Windows): Tensor4D {
  const { padding } = windows;
  const [, height, width] = x.shape;
  const bottom = paddingAfter(height, windows);
  const right = paddingAfter(width, windows);
  if (padding === 0) return x;
  return pad(x, [
    [0, 0],
    [padding, bottom],
    [padding, right],
    [0, 0],
  ]);
}

function paddingAfter(length: number, { size, stride, padding }: Windows): number {
  const count = Math.floor((length + 2 * padding - size) / stride) + 1;
  if (count < 1) throw new Error(`a window of ${size} does not fit into ${length} values with ${padding} on each side`);
  return Math.max(0, (count - 1) * stride + size - padding - length);
}
