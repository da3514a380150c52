/** Activation functions. */
import { mul, relu as reluOp, sign, type Tensor } from '@tensorflow/tfjs-core';
import { withGradient } from './custom-gradient.ts';

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
