/**
 * Multi-head attention (Vaswani et al. 2017, https://arxiv.org/abs/1706.03762) with the parameters of
 * `torch.nn.MultiheadAttention`. Activations come and go as `[batch * tokens, width]`.
 */
import {
  add,
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
import { type HeadShape, mergeHeads, splitHeadPairs, splitHeads } from './heads.ts';
import { constant, type ParameterDeclaration, xavierUniform } from './init.ts';
import { declareLinear, type LinearParameters, linear, linearParameters } from './linear.ts';
import { type NamedTensors, namedTensor } from './named.ts';
import type { ParameterGroup } from './parameters.ts';

export interface AttentionOptions extends HeadShape {
  /** which keys are seen; all without it */
  readonly mask?: AttentionMask | undefined;
  /** makes a mask by which the attention weights `[B*H, Q, K]` are multiplied: 0 or 1 / (1 − rate) */
  readonly dropout?: ((shape: number[]) => Tensor) | undefined;
  /** is shown the attention weights `[B, H, Q, K]`, before dropout; they are computed once more for it */
  readonly observe?: ((weights: Tensor4D) => void) | undefined;
}

export interface AttentionInputs {
  /** `[B*Q, d]` */
  readonly query: Tensor2D;
  /** `[B*K, d]`; the very same tensor object as `query` lets both share one product */
  readonly key: Tensor2D;
  /** `[B*K, d]` */
  readonly value: Tensor2D;
}

export interface AttentionParameters {
  /**
   * `in_proj_weight` `[3d, d]`, rows of query, key and value one after the other; or the three of them apart
   * (`q_proj_weight`, `k_proj_weight`, `v_proj_weight`).
   */
  readonly inProjWeight: Tensor2D | { readonly query: Tensor2D; readonly key: Tensor2D; readonly value: Tensor2D };
  /** `in_proj_bias` `[3d]` */
  readonly inProjBias: Tensor1D;
  /** `out_proj.weight` `[d, d]`, `out_proj.bias` `[d]` */
  readonly outProj: LinearParameters;
}

/**
 * Projects, attends, projects back.
 *
 * @returns `[B*Q, d]`
 * @throws if rows or width cannot be divided by batch or heads
 */
export function multiHeadAttention(
  inputs: AttentionInputs,
  p: AttentionParameters,
  options: AttentionOptions,
): Tensor2D {
  const [q, k, v] = project(inputs, p, options);
  return linear(mergeHeads(scaledDotProduct(q, k, v, options), options), p.outProj);
}

/**
 * Attention of what is projected already; for models that make queries and keys of parts of their own (DAB-DETR joins
 * content and position, so that they are wider than the values).
 *
 * @param q `[B*Q, e]`
 * @param k `[B*K, e]`
 * @param v `[B*K, d]`
 * @returns `[B*Q, d]`
 */
export function attend(q: Tensor2D, k: Tensor2D, v: Tensor2D, options: AttentionOptions): Tensor2D {
  return mergeHeads(
    scaledDotProduct(splitHeads(q, options), splitHeads(k, options), splitHeads(v, options), options),
    options,
  );
}

/**
 * `softmax(q kᵀ / √e + bias) v` for each of G = batch × heads problems, with the gradient written out.
 *
 * The gradient of the scores is `P (dP - D)`, with P the softmax and D the row sums of `P dP`. These equal the row
 * sums of `dy y`, a tensor narrower than the scores by far (Dao et al. 2022, https://arxiv.org/abs/2205.14135), with
 * dropout too. A query that sees no key gets 0, and no gradient.
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
  /** `[G, Q, K]` */
  const weigh = (scaledQ: Tensor3D): Tensor3D => {
    const scores = matMul<Tensor3D>(scaledQ, k, false, true);
    if (mask === undefined) return softmax(scores);
    return reshape(softmax(add(byImage(scores, queries, keys), mask.bias)), scores.shape);
  };
  /** 0 in the rows `[G, Q, d]` of queries that see nothing */
  const close = (rows: Tensor3D, open: Tensor | undefined): Tensor3D =>
    open === undefined ? rows : reshape(mul(byImage(rows, queries, rows.shape[2]), open), rows.shape);

  if (observe !== undefined) observe(byImage(weigh(mul(q, scale)), queries, keys));
  const keep = dropout?.([problems, queries, keys]);
  return withGradient([q, k, v], () => {
    // Scaling the queries, not the scores: there are fewer numbers in them.
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

/** Declares the four tensors of a `torch.nn.MultiheadAttention` whose query, key and value have one width. */
export function declareAttention(
  prefix: string,
  { width, group }: { readonly width: number; readonly group: ParameterGroup },
): ParameterDeclaration[] {
  const zeros = constant(0);
  return [
    { name: `${prefix}.in_proj_weight`, shape: [3 * width, width], group, init: xavierUniform },
    { name: `${prefix}.in_proj_bias`, shape: [3 * width], group, init: zeros },
    ...declareLinear(
      `${prefix}.out_proj`,
      { inputs: width, outputs: width, group },
      { weight: xavierUniform, bias: zeros },
    ),
  ];
}

/** The parameters that `declareAttention` declares. */
export function attentionParameters(tensors: NamedTensors, prefix: string): AttentionParameters {
  return {
    inProjWeight: namedTensor<Tensor2D>(tensors, `${prefix}.in_proj_weight`),
    inProjBias: namedTensor(tensors, `${prefix}.in_proj_bias`),
    outProj: linearParameters(tensors, `${prefix}.out_proj`),
  };
}

/** Queries `[B*H, Q, e]`, keys and values `[B*H, K, e]`. */
function project(
  { query, key, value }: AttentionInputs,
  { inProjWeight, inProjBias }: AttentionParameters,
  shape: HeadShape,
): [q: Tensor3D, k: Tensor3D, v: Tensor3D] {
  const packed = !('query' in inProjWeight);
  if (packed && query === key) {
    const sizes = [2, 1].map((parts) => (parts * inProjBias.shape[0]) / 3);
    const [pairWeight, vWeight] = split(inProjWeight, sizes) as [Tensor2D, Tensor2D];
    const [pairBias, vBias] = split(inProjBias, sizes) as [Tensor1D, Tensor1D];
    const [q, k] = splitHeadPairs(linear(query, { weight: pairWeight, bias: pairBias }), shape);
    return [q, k, splitHeads(linear(value, { weight: vWeight, bias: vBias }), shape)];
  }
  const weights = packed
    ? (split(inProjWeight, 3) as [Tensor2D, Tensor2D, Tensor2D])
    : ([inProjWeight.query, inProjWeight.key, inProjWeight.value] as const);
  const biases = split(inProjBias, 3) as [Tensor1D, Tensor1D, Tensor1D];
  return [
    splitHeads(linear(query, { weight: weights[0], bias: biases[0] }), shape),
    splitHeads(linear(key, { weight: weights[1], bias: biases[1] }), shape),
    splitHeads(linear(value, { weight: weights[2], bias: biases[2] }), shape),
  ];
}
