/** The fully connected layer, `torch.nn.Linear` with its names and layout. */
import { matMul, type Tensor1D, type Tensor2D } from '@tensorflow/tfjs-core';
import { addBias } from './add.ts';

export interface LinearParameters {
  /** `[out, in]`, as PyTorch stores it: checkpoints of the reference load without a transposition. */
  readonly weight: Tensor2D;
  /** `[out]` */
  readonly bias: Tensor1D;
}

/**
 * `x · weightᵀ + bias`. Activations stay two-dimensional through a whole transformer layer, so that each product is
 * one large matrix product and no reshapes come between.
 *
 * @param x `[N, in]`
 * @returns `[N, out]`
 * @throws if the widths do not fit
 */
export function linear(x: Tensor2D, { weight, bias }: LinearParameters): Tensor2D {
  if (x.shape[1] !== weight.shape[1]) {
    throw new Error(`linear: input [${x.shape}] does not fit weight [${weight.shape}] (stored as [out, in])`);
  }
  return addBias(matMul(x, weight, false, true), bias);
}
