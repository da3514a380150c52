/** Activation functions. */
import {
  add,
  minimum,
  mul,
  relu6 as relu6Op,
  relu as reluOp,
  reshape,
  sign,
  sub,
  sum,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
} from '@tensorflow/tfjs-core';
import { addBias } from './add.ts';
import { withGradient } from './custom-gradient.ts';
import { constant } from './init.ts';
import { kernelOp } from './kernel-op.ts';
import { type Module, parameter, parametersOf } from './module.ts';
import type { ParameterGroup } from './parameters.ts';

/**
 * `max(x, 0)`, with gradient 0 at 0 as in PyTorch.
 *
 * The gradient needs only the output: it is never negative, so its sign is the derivative. That takes two ops, where
 * the step function in tfjs's own gradient takes seven on native TensorFlow.
 */
export function relu<T extends Tensor>(x: T): T {
  return withGradient([x], () => {
    const y = reluOp<T>(x);
    return { value: y, saved: [y] as const, gradient: (dy, [y]) => [mul(dy, sign(y))] };
  });
}

/**
 * `x` clamped to 0..6, with gradient 0 at both ends as in PyTorch. As with `relu`, the gradient needs only the output:
 * the derivative is the sign of `y (6 - y)`.
 */
export function relu6<T extends Tensor>(x: T): T {
  return withGradient([x], () => {
    const y = relu6Op<T>(x);
    return { value: y, saved: [y] as const, gradient: (dy, [y]) => [mul(dy, sign(mul(y, sub(6, y))))] };
  });
}

/** The rows of a linear layer before its bias is added, and that bias. */
export interface UnbiasedRows {
  /** Rows `[N, d]`. */
  readonly rows: Tensor2D;
  /** Bias `[d]`. */
  readonly bias: Tensor1D;
}

/** `max(rows + bias, 0)`, with the gradient of `relu`. */
export function biasRelu({ rows, bias }: UnbiasedRows): Tensor2D {
  return kernelOp({
    name: 'DnBiasRelu',
    inputs: { x: rows, bias },
    composed: () => relu(addBias(rows, bias)),
  });
}

/**
 * `torch.nn.PReLU` with one slope (He et al., ICCV 2015), which DAB-DETR's layers use instead of ReLU.
 *
 * @param name the only parameter is the slope, `name.weight` `[1]`, which starts at 0.25 as in PyTorch
 */
export function prelu(name: string, group: ParameterGroup): Module<UnbiasedRows, Tensor2D> {
  const slope = parameter<Tensor1D>({ name: `${name}.weight`, shape: [1], group, init: constant(0.25) });
  return {
    parameters: parametersOf(slope),
    apply: (tensors, unbiased) => biasPrelu(unbiased, slope.apply(tensors)),
  };
}

/**
 * Adds the bias to the rows and applies `reluWithSlope`.
 *
 * @param slope `[1]`
 */
export function biasPrelu({ rows, bias }: UnbiasedRows, slope: Tensor1D): Tensor2D {
  return kernelOp({
    name: 'DnBiasPrelu',
    inputs: { x: rows, bias, slope },
    composed: () => reluWithSlope(addBias(rows, bias), slope),
  });
}

/**
 * `x` where it is positive and `slope · x` elsewhere, differentiable in the slope too. The derivative at 0 is 1,
 * whereas PyTorch's is the slope.
 *
 * @param slope `[1]`
 */
export function reluWithSlope<T extends Tensor>(x: T, slope: Tensor1D): T {
  return withGradient([x, slope], () => {
    const negative = minimum<T>(x, 0);
    const bend = sub(slope, 1);
    return {
      value: add<T>(x, mul(negative, bend)),
      saved: [negative, bend] as const,
      gradient: (dy, [negative, bend]) => [
        mul(dy, sub(1, mul(sign(negative), bend))),
        reshape(sum(mul(dy, negative)), [1]),
      ],
    };
  });
}
