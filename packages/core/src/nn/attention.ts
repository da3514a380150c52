/**
 * Multi-head attention (Vaswani et al. 2017, https://arxiv.org/abs/1706.03762) with the parameters of
 * `torch.nn.MultiheadAttention`. Inputs and outputs are `[batch * tokens, width]`.
 */
import {
  add,
  fill,
  matMul,
  mul,
  reshape,
  softmax,
  split,
  sub,
  sum,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  type Tensor3D,
  type Tensor4D,
} from '@tensorflow/tfjs-core';
import type { AttentionMask } from './attention-mask.ts';
import { withGradient } from './custom-gradient.ts';
import { type HeadShape, headSizes, mergeHeads, splitHeadPairs, splitHeads } from './heads.ts';
import { constant, xavierUniform } from './init.ts';
import { kernelOp } from './kernel-op.ts';
import { affine, linear } from './linear.ts';
import { type Module, parameter, parametersOf } from './module.ts';
import type { ParameterGroup } from './parameters.ts';
import type { Pass } from './pass.ts';

/** Mask, dropout and observer of an attention without projections. */
export interface AttentionOptions extends HeadShape {
  /** Which keys each query sees; all of them if left out. */
  readonly mask?: AttentionMask | undefined;
  /** Makes a mask that multiplies the attention weights `[B*H, Q, K]`: each entry is 0 or 1 / (1 − rate). */
  readonly dropout?: ((shape: number[]) => Tensor) | undefined;
  /** Receives the attention weights `[B, H, Q, K]` before dropout. They are computed a second time for it. */
  readonly observe?: ((weights: Tensor4D) => void) | undefined;
}

/** Queries, keys and values of one call, with the mask. */
export interface AttentionInput {
  /** Queries `[B*Q, d]`. */
  readonly query: Tensor2D;
  /** Keys `[B*K, d]`. Passing the same tensor object as `query` lets both share one product. */
  readonly key: Tensor2D;
  /** Values `[B*K, d]`. */
  readonly value: Tensor2D;
  /** Which keys each query sees; all of them if left out. */
  readonly mask?: AttentionMask | undefined;
  readonly pass: Pass;
}

/** The sizes of multi-head attention. */
export interface AttentionSizes {
  /** d, the width of queries, keys and values. */
  readonly width: number;
  readonly heads: number;
  readonly group: ParameterGroup;
}

/**
 * Projects queries, keys and values, attends, and projects the result, to `[B*Q, d]`.
 *
 * @param name the parameters are the four of a `torch.nn.MultiheadAttention`: `name.in_proj_weight` `[3d, d]`, with the
 *   rows of query, key and value in this order, `name.in_proj_bias` `[3d]`, `name.out_proj.weight` and
 *   `name.out_proj.bias`
 */
export function multiHeadAttention(name: string, sizes: AttentionSizes): Module<AttentionInput, Tensor2D> {
  const { width, heads, group } = sizes;
  const weight = parameter<Tensor2D>({
    name: `${name}.in_proj_weight`,
    shape: [3 * width, width],
    group,
    init: xavierUniform,
  });
  const bias = parameter<Tensor1D>({
    name: `${name}.in_proj_bias`,
    shape: [3 * width],
    group,
    init: constant(0),
  });
  const out = outProjection(name, sizes);
  return {
    parameters: parametersOf(weight, bias, out),
    apply: (tensors, input) => {
      const options = optionsOf(name, heads, input);
      return out.apply(tensors, attendTo(project(input, weight.apply(tensors), bias.apply(tensors)), options));
    },
  };
}

/**
 * Multi-head attention for queries and keys that the model has already projected. They may be wider than the values,
 * which have width d: DAB-DETR concatenates content and position in them.
 *
 * @param name the parameters are `name.out_proj.weight` and `name.out_proj.bias`
 */
export function projectedAttention(name: string, sizes: AttentionSizes): Module<AttentionInput, Tensor2D> {
  const out = outProjection(name, sizes);
  return {
    parameters: out.parameters,
    apply: (tensors, input) => {
      const { query, key, value } = input;
      return out.apply(tensors, attend(query, key, value, optionsOf(name, sizes.heads, input)));
    },
  };
}

function outProjection(name: string, { width, group }: AttentionSizes): Module<Tensor2D, Tensor2D> {
  const init = { weight: xavierUniform, bias: constant(0) };
  return linear(`${name}.out_proj`, { inputs: width, outputs: width, group, ...init });
}

function optionsOf(name: string, heads: number, { mask, pass }: AttentionInput): AttentionOptions {
  const { batch, dropout, observe } = pass;
  return {
    batch,
    heads,
    mask,
    dropout: dropout && ((shape) => dropout.source.dropoutMask(shape, dropout.rate)),
    observe: observe && ((weights) => observe(name, weights)),
  };
}

/**
 * Attends head by head, for inputs that are already projected.
 *
 * @param q `[B*Q, e]`
 * @param k `[B*K, e]`
 * @param v `[B*K, d]`
 * @returns `[B*Q, d]`
 */
export function attend(q: Tensor2D, k: Tensor2D, v: Tensor2D, options: AttentionOptions): Tensor2D {
  return attendTo({ q, k, v }, options);
}

/** Queries, keys and values after their projections; `qk` holds the queries and keys side by side, `[B*N, 2*H*e]`. */
type Projected =
  | { readonly q: Tensor2D; readonly k: Tensor2D; readonly v: Tensor2D }
  | { readonly qk: Tensor2D; readonly v: Tensor2D };

/** Attends by a kernel where there is one. Kernels support neither dropout nor observing the weights. */
function attendTo(projected: Projected, options: AttentionOptions): Tensor2D {
  const { batch, heads, mask, dropout, observe } = options;
  const paired = 'qk' in projected;
  const { v, ...queriesAndKeys } = projected;
  for (const x of Object.values(queriesAndKeys)) headSizes(x, options, paired ? 2 : 1);
  headSizes(v, options);
  const composed = (): Tensor2D => {
    const [q, k] = paired
      ? splitHeadPairs(projected.qk, options)
      : [splitHeads(projected.q, options), splitHeads(projected.k, options)];
    return mergeHeads(scaledDotProduct(q, k, splitHeads(v, options), options), options);
  };
  if (dropout !== undefined || observe !== undefined) return composed();
  return kernelOp({
    name: paired ? 'DnPairedAttention' : 'DnAttention',
    inputs: projected,
    constants: () => mask ?? { bias: fill([1, 1, 1, 1], 0), open: fill([1, 1, 1, 1], 1) },
    attributes: { sizes: [batch, heads] },
    composed,
  });
}

/**
 * `softmax(q kᵀ / √e + bias) v` for each of G = batch × heads problems, with a hand-written gradient.
 *
 * The gradient of the scores is `P (dP - D)`, where P is the softmax and D the row sums of `P dP`. D equals the row
 * sums of `dy y`, a tensor far narrower than the scores (Dao et al. 2022, https://arxiv.org/abs/2205.14135), with
 * dropout too. A query that sees no key gets 0 and no gradient.
 *
 * @param q `[G, Q, e]`
 * @param k `[G, K, e]`
 * @param v `[G, K, d]`
 * @returns `[G, Q, d]`
 */
export function scaledDotProduct(
  q: Tensor3D,
  k: Tensor3D,
  v: Tensor3D,
  { batch, heads, mask, dropout, observe }: AttentionOptions,
): Tensor3D {
  const [problems, queries, width] = q.shape;
  const keys = k.shape[1];
  const scale = 1 / Math.sqrt(width);
  const byImage = (x: Tensor, rows: number, columns: number): Tensor4D => reshape(x, [batch, heads, rows, columns]);
  /** Attention weights `[G, Q, K]`. */
  const weigh = (scaledQ: Tensor3D): Tensor3D => {
    const scores = matMul<Tensor3D>(scaledQ, k, false, true);
    if (mask === undefined) return softmax(scores);
    return reshape(softmax(add(byImage(scores, queries, keys), mask.bias)), scores.shape);
  };
  /** Sets the rows `[G, Q, d]` of queries that see nothing to 0. */
  const close = (rows: Tensor3D, open: Tensor | undefined): Tensor3D =>
    open === undefined ? rows : reshape(mul(byImage(rows, queries, rows.shape[2]), open), rows.shape);

  if (observe !== undefined) observe(byImage(weigh(mul(q, scale)), queries, keys));
  const keep = dropout?.([problems, queries, keys]);
  return withGradient([q, k, v], () => {
    // Scale the queries rather than the scores: they have fewer elements.
    const scaledQ = mul<Tensor3D>(q, scale);
    const p = weigh(scaledQ);
    const kept = keep === undefined ? p : mul<Tensor3D>(p, keep);
    const y = close(matMul<Tensor3D>(kept, v), mask?.open);
    const always = [scaledQ, k, v, p, y] as const;
    return {
      value: y,
      saved: [...always, ...(keep === undefined ? [] : [kept]), ...(mask === undefined ? [] : [mask.open])],
      gradient: (dyAll, saved) => {
        const [scaledQ, k, v, p, y] = saved as unknown as typeof always;
        const kept = keep === undefined ? p : (saved[always.length] as Tensor3D);
        const dy = close(dyAll, mask && saved[saved.length - 1]);
        const dKept = matMul(dy, v, false, true);
        const along = sum(mul(dy, y), 2, true);
        const dScores = kept === p ? mul(p, sub(dKept, along)) : sub(mul(kept, dKept), mul(p, along));
        return [mul(matMul(dScores, k), scale), matMul(dScores, scaledQ, true), matMul(kept, dy, true)];
      },
    };
  });
}

function project({ query, key, value }: AttentionInput, weight: Tensor2D, bias: Tensor1D): Projected {
  if (query === key) {
    const sizes = [2, 1].map((parts) => (parts * bias.shape[0]) / 3);
    const [pairWeight, vWeight] = split(weight, sizes) as [Tensor2D, Tensor2D];
    const [pairBias, vBias] = split(bias, sizes) as [Tensor1D, Tensor1D];
    return { qk: affine(query, pairWeight, pairBias), v: affine(value, vWeight, vBias) };
  }
  const weights = split(weight, 3) as [Tensor2D, Tensor2D, Tensor2D];
  const biases = split(bias, 3) as [Tensor1D, Tensor1D, Tensor1D];
  return {
    q: affine(query, weights[0], biases[0]),
    k: affine(key, weights[1], biases[1]),
    v: affine(value, weights[2], biases[2]),
  };
}
