/** Tensors named as in a PyTorch checkpoint. Each layer's file says which names it uses. */
import type { Tensor } from '@tensorflow/tfjs-core';

/** Tensors by the names of their parameters. */
export type NamedTensors = Readonly<Record<string, Tensor>>;

/**
 * The tensor called `name`.
 *
 * @throws if there is none
 */
export function namedTensor<T extends Tensor>(tensors: NamedTensors, name: string): T {
  const found = tensors[name];
  if (found === undefined) throw new Error(`no parameter named ${name}`);
  return found as T;
}
