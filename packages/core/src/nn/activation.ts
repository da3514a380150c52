/** Activation functions. */
import {
  add,
  minimum,
  mul,
  relu as reluOp,
  reshape,
  sign,
  sub,
  sum,
  type Tensor,
  type Tensor1D,
} from '@tensorflow/tfjs-core';
import { withGradient } from './custom-gradient.ts';
import { constant, type ParameterDeclaration } from './init.ts';
import type { ParameterGroup } from './parameters.ts';

/**
 * `max(x, 0)`, with gradient 0 at 0 as in PyTorch.
 *
 * The gradient needs the output alone: it is never negative, so its sign is the derivative. That is two ops; the step
 * function of tfjs' own gradient is seven on native TensorFlow.
 */
export function relu<T extends Tensor>(x: T): T {
  return withGradient([x], () => {
    const y = reluOp<T>(x);
    return { value: y, saved: [y] as const, gradient: (dy, [y]) => [mul(dy, sign(y))] };
  });
}

/**
 * `x` where it is positive and `slope · x` elsewhere, the slope being learned: `torch.nn.PReLU` with one slope
 * (He et al., ICCV 2015). DAB-DETR's layers use it in place of ReLU.
 *
 * @param slope `[1]`
 */
export function prelu<T extends Tensor>(x: T, slope: Tensor1D): T {
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

/** Declares the slope of a `prelu`, `prefix.weight` `[1]`, which starts at PyTorch's 0.25. */
export function declarePrelu(prefix: string, group: ParameterGroup): ParameterDeclaration[] {
  return [{ name: `${prefix}.weight`, shape: [1], group, init: constant(0.25) }];
}
