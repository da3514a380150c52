/** From tensors named as in a PyTorch checkpoint to the parameters of a layer. */
import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import type { AttentionParameters } from './attention.ts';
import type { LinearParameters } from './linear.ts';
import type { NormParameters } from './norm.ts';

export type NamedTensors = Readonly<Record<string, Tensor>>;

/** @throws if there is no tensor `name` */
export function namedTensor<T extends Tensor>(tensors: NamedTensors, name: string): T {
  const found = tensors[name];
  if (found === undefined) throw new Error(`no parameter named ${name}`);
  return found as T;
}

/** `prefix.weight` `[out, in]` and `prefix.bias` `[out]`. */
export function linearParameters(tensors: NamedTensors, prefix: string): LinearParameters {
  return {
    weight: namedTensor<Tensor2D>(tensors, `${prefix}.weight`),
    bias: namedTensor<Tensor1D>(tensors, `${prefix}.bias`),
  };
}

/** `prefix.weight` and `prefix.bias`, `[d]` both. */
export function normParameters(tensors: NamedTensors, prefix: string): NormParameters {
  return {
    weight: namedTensor<Tensor1D>(tensors, `${prefix}.weight`),
    bias: namedTensor<Tensor1D>(tensors, `${prefix}.bias`),
  };
}

/** The four tensors of a `torch.nn.MultiheadAttention` whose query, key and value have one width. */
export function attentionParameters(tensors: NamedTensors, prefix: string): AttentionParameters {
  return {
    inProjWeight: namedTensor<Tensor2D>(tensors, `${prefix}.in_proj_weight`),
    inProjBias: namedTensor<Tensor1D>(tensors, `${prefix}.in_proj_bias`),
    outProj: linearParameters(tensors, `${prefix}.out_proj`),
  };
}
