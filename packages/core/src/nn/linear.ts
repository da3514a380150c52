/** The fully connected layer, `torch.nn.Linear` with its names and layout. */
import { matMul, type Tensor1D, type Tensor2D } from '@tensorflow/tfjs-core';
import { addBias } from './add.ts';
import { fanInUniform, type Init, type ParameterDeclaration } from './init.ts';
import { type NamedTensors, namedTensor } from './named.ts';
import type { ParameterGroup } from './parameters.ts';

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

/**
 * Declares `prefix.weight` `[outputs, inputs]` and `prefix.bias` `[outputs]`.
 *
 * @param init PyTorch's defaults where left out
 */
export function declareLinear(
  prefix: string,
  { inputs, outputs, group }: { readonly inputs: number; readonly outputs: number; readonly group: ParameterGroup },
  { weight = fanInUniform(inputs), bias = fanInUniform(inputs) }: { readonly weight?: Init; readonly bias?: Init } = {},
): ParameterDeclaration[] {
  return [
    { name: `${prefix}.weight`, shape: [outputs, inputs], group, init: weight },
    { name: `${prefix}.bias`, shape: [outputs], group, init: bias },
  ];
}

/** `prefix.weight` and `prefix.bias`, as `declareLinear` declares them. */
export function linearParameters(tensors: NamedTensors, prefix: string): LinearParameters {
  return { weight: namedTensor(tensors, `${prefix}.weight`), bias: namedTensor(tensors, `${prefix}.bias`) };
}
