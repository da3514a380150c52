/** The fully connected layer, with the names and layout of `torch.nn.Linear`. */
import { matMul, type Tensor1D, type Tensor2D } from '@tensorflow/tfjs-core';
import type { UnbiasedRows } from './activation.ts';
import { addBias } from './add.ts';
import { fanInUniform, type Init } from './init.ts';
import { type Module, parameter, parametersOf } from './module.ts';
import type { NamedTensors } from './named.ts';
import type { ParameterGroup } from './parameters.ts';

/** Sizes of a linear layer, and its initialisers. */
export interface LinearOptions {
  readonly inputs: number;
  readonly outputs: number;
  readonly group: ParameterGroup;
  /** Initialiser of the weight, by default PyTorch's. @defaultValue `fanInUniform(inputs)` */
  readonly weight?: Init;
  /** Initialiser of the bias, by default PyTorch's. @defaultValue `fanInUniform(inputs)` */
  readonly bias?: Init;
  /** Adds the bias and applies an activation; if left out, there is only the sum. */
  readonly activation?: (tensors: NamedTensors, unbiased: UnbiasedRows) => Tensor2D;
}

/**
 * A linear layer from rows `[N, inputs]` to rows `[N, outputs]`.
 *
 * @param name name of the layer: its parameters are `name.weight` `[outputs, inputs]` and `name.bias` `[outputs]`
 */
export function linear(
  name: string,
  {
    inputs,
    outputs,
    group,
    weight: weightInit = fanInUniform(inputs),
    bias: biasInit = fanInUniform(inputs),
    activation = (_, { rows, bias }) => addBias(rows, bias),
  }: LinearOptions,
): Module<Tensor2D, Tensor2D> {
  const weight = parameter<Tensor2D>({ name: `${name}.weight`, shape: [outputs, inputs], group, init: weightInit });
  const bias = parameter<Tensor1D>({ name: `${name}.bias`, shape: [outputs], group, init: biasInit });
  return {
    parameters: parametersOf(weight, bias),
    apply: (tensors, x) => activation(tensors, { rows: product(x, weight.apply(tensors)), bias: bias.apply(tensors) }),
  };
}

/**
 * `x · weightᵀ + bias`. Activations remain two-dimensional throughout a transformer layer, so that each product is one
 * large matrix product without reshapes in between.
 *
 * @param x `[N, in]`
 * @param weight `[out, in]`, as PyTorch stores it, so checkpoints of the reference load without a transposition
 * @param bias `[out]`
 * @returns `[N, out]`
 * @throws if the widths do not fit
 */
export function affine(x: Tensor2D, weight: Tensor2D, bias: Tensor1D): Tensor2D {
  return addBias(product(x, weight), bias);
}

/** `x · weightᵀ`. */
function product(x: Tensor2D, weight: Tensor2D): Tensor2D {
  if (x.shape[1] !== weight.shape[1]) {
    throw new Error(`linear: input [${x.shape}] does not fit weight [${weight.shape}] (stored as [out, in])`);
  }
  return matMul(x, weight, false, true);
}
