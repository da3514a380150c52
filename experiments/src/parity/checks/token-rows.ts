/** Tokens as PyTorch's attention has them, `[N, B, d]`, and as rows, `[B*N, d]`. */
import { reshape, type Tensor, type Tensor2D, transpose } from '@tensorflow/tfjs-core';

/** `[N, B, d]` to `[B*N, d]`. */
export function toRows(x: Tensor): Tensor2D {
  const [tokens, batch, width] = x.shape as [number, number, number];
  return reshape(transpose(x, [1, 0, 2]), [batch * tokens, width]);
}

/** `[B*N, d]` to `[N, B, d]`. */
export function fromRows(x: Tensor2D, batch: number): Tensor {
  const [rows, width] = x.shape;
  return transpose(reshape(x, [batch, rows / batch, width]), [1, 0, 2]);
}
