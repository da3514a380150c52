/**
 * Ops with a hand-written gradient.
 *
 * The gradients of tfjs are general: they reshape, cast and reduce for broadcasting whether or not this is needed, and
 * each of these is a node in a captured step. The layers of this package know their shapes and define their own
 * gradients.
 */
import { customGrad, type GradSaveFunc, type Tensor } from '@tensorflow/tfjs-core';

/** The result of a forward pass: its value, the tensors to save and its gradient. */
export interface Differentiable<Value extends Tensor, Saved extends readonly Tensor[]> {
  readonly value: Value;
  /** Tensors that the gradient reads. It must not read any others, which may have been disposed of by then. */
  readonly saved: Saved;
  /**
   * Gives the gradient of each input as float32, in the order and with the shapes of the inputs. All of them are
   * computed, even those that are not needed. No two may be the same tensor object, nor `dy` itself, since tfjs
   * disposes of them one by one while it adds up gradients: return `dy.clone()`, which copies nothing.
   */
  readonly gradient: (dy: Value, saved: Saved) => Tensor[];
}

/**
 * Runs `forward` as one differentiable op on `inputs`.
 *
 * @param inputs every tensor that `forward` reads and that may need a gradient
 * @returns the `value` of `forward`; everything else that it made is disposed of, saved tensors after the gradient
 */
export function withGradient<Value extends Tensor, Saved extends readonly Tensor[]>(
  inputs: readonly Tensor[],
  forward: () => Differentiable<Value, Saved>,
): Value {
  const op = customGrad<Value>((...args) => {
    const save = args[args.length - 1] as GradSaveFunc;
    const { value, saved, gradient } = forward();
    save([...saved]);
    // tfjs returns the saved tensors in the same order.
    return { value, gradFunc: (dy, kept) => gradient(dy, kept as unknown as Saved) };
  });
  return op(...inputs);
}
