/** Tensors named as in a PyTorch checkpoint; each layer's file says how it finds its own among them. */
import type { Tensor } from '@tensorflow/tfjs-core';

/** Tensors by the names of their parameters. */
export type NamedTensors = Readonly<Record<string, Tensor>>;

/** @throws if there is no tensor `name` */
export function namedTensor<T extends Tensor>(tensors: NamedTensors, name: string): T {
  const found = tensors[name];
  if (found === undefined) throw new Error(`no parameter named ${name}`);
  return found as T;
}
