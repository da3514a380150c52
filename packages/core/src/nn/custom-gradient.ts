/**
 * One op with a hand-written gradient.
 *
 * The gradients of tfjs are general: they reshape, cast and reduce for broadcasting whether or not there is anything
 * to do, and each of these is a node in a captured step. The layers here know their shapes and say their gradients
 * themselves.
 */
import { customGrad, type GradSaveFunc, type Tensor } from '@tensorflow/tfjs-core';

/** Results of a forward pass, and how to get its gradient. */
export interface Differentiable<Value extends Tensor, Saved extends readonly Tensor[]> {
  readonly value: Value;
  /** Tensors the gradient reads. It must not read others: they may be disposed by then. */
  readonly saved: Saved;
  /**
   * The gradient of each input, in the order of the inputs and of their shapes, float32. All are computed, also those
   * nobody asked for. No two may be the same tensor object, nor `dy` itself (tfjs disposes them one by one while it
   * adds gradients up): return `dy.clone()`, which copies nothing.
   */
  readonly gradient: (dy: Value, saved: Saved) => Tensor[];
}

/**
 * Runs `forward` as one differentiable op of `inputs`.
 *
 * @param inputs every tensor that `forward` reads and that may need a gradient
 * @returns the `value` of `forward`; everything else it made is disposed, what it saved once the gradient is done
 */
export function withGradient<Value extends Tensor, Saved extends readonly Tensor[]>(
  inputs: readonly Tensor[],
  forward: () => Differentiable<Value, Saved>,
): Value {
  const op = customGrad<Value>((...args) => {
    const save = args[args.length - 1] as GradSaveFunc;
    const { value, saved, gradient } = forward();
    save([...saved]);
    // tfjs hands back what was saved, in the same order.
    return { value, gradFunc: (dy, kept) => gradient(dy, kept as unknown as Saved) };
  });
  return op(...inputs);
}
