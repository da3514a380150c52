/**
 * Multi-head attention (Vaswani et al. 2017, https://arxiv.org/abs/1706.03762) with the parameters of
 * `torch.nn.MultiheadAttention`. Activations come and go as `[batch * tokens, width]`.
 */
import {
  matMul,
  mul,
  reshape,
  softmax,
  split,
  sub,
  sum,
  type Tensor1D,
  type Tensor2D,
  type Tensor3D,
  type Tensor4D,
  type Tensor5D,
  transpose,
} from '@tensorflow/tfjs-core';
import { withGradient } from './custom-gradient.ts';
import { constant, type ParameterDeclaration, xavierUniform } from './init.ts';
import { declareLinear, type LinearParameters, linear, linearParameters } from './linear.ts';
import { type NamedTensors, namedTensor } from './named.ts';

export interface AttentionShape {
  readonly batch: number;
  readonly heads: number;
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
export function multiHeadAttention(inputs: AttentionInputs, p: AttentionParameters, shape: AttentionShape): Tensor2D {
  const [q, k, v] = project(inputs, p, shape);
  return linear(mergeHeads(scaledDotProduct(q, k, v), shape), p.outProj);
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
export function attend(q: Tensor2D, k: Tensor2D, v: Tensor2D, shape: AttentionShape): Tensor2D {
  return mergeHeads(scaledDotProduct(splitHeads(q, shape), splitHeads(k, shape), splitHeads(v, shape)), shape);
}

/**
 * `softmax(q kᵀ / √e) v` for each of G = batch × heads problems, with the gradient written out.
 *
 * The gradient of the scores is `P (dP - D)`, with P the softmax and D the row sums of `P dP`. These equal the row
 * sums of `dy y`, a tensor narrower than the scores by far (Dao et al. 2022, https://arxiv.org/abs/2205.14135).
 *
 * A mask will enter here: `[G or 1, Q, K]`, 0 or -infinity, added to the scores; it has no gradient.
 *
 * @param q `[G, Q, e]`
 * @param k `[G, K, e]`
 * @param v `[G, K, d]`
 * @returns `[G, Q, d]`
 */
export function scaledDotProduct(q: Tensor3D, k: Tensor3D, v: Tensor3D): Tensor3D {
  const scale = 1 / Math.sqrt(q.shape[2]);
  return withGradient([q, k, v], () => {
    // Scaling the queries, not the scores: there are fewer numbers in them.
    const scaledQ = mul<Tensor3D>(q, scale);
    const p = softmax(matMul<Tensor3D>(scaledQ, k, false, true));
    const y = matMul<Tensor3D>(p, v);
    return {
      value: y,
      saved: [scaledQ, k, v, p, y] as const,
      gradient: (dy, [scaledQ, k, v, p, y]) => {
        const dp = matMul(dy, v, false, true);
        const dScores = mul(p, sub(dp, sum(mul(dy, y), 2, true)));
        return [mul(matMul(dScores, k), scale), matMul(dScores, scaledQ, true), matMul(p, dy, true)];
      },
    };
  });
}

/** Declares the four tensors of a `torch.nn.MultiheadAttention` whose query, key and value have one width. */
export function declareAttention(
  prefix: string,
  { width, group }: { readonly width: number; readonly group: string },
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
  shape: AttentionShape,
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

/** `[B*N, H*e]` to `[B*H, N, e]`. */
function splitHeads(x: Tensor2D, { batch, heads }: AttentionShape): Tensor3D {
  const [tokens, width] = headSizes(x, batch, heads);
  const byHead = transpose<Tensor4D>(reshape(x, [batch, tokens, heads, width]), [0, 2, 1, 3]);
  return reshape(byHead, [batch * heads, tokens, width]);
}

/**
 * `[B*N, 2*H*e]`, queries beside keys, to two of `[B*H, N, e]`. The transposition brings the pair to the front, where
 * a split shares memory in place of copying, and where the gradient is one concatenation.
 */
function splitHeadPairs(x: Tensor2D, { batch, heads }: AttentionShape): [Tensor3D, Tensor3D] {
  const [tokens, width] = headSizes(x, batch, heads, 2);
  const byHead = transpose<Tensor5D>(reshape(x, [batch, tokens, 2, heads, width]), [2, 0, 3, 1, 4]);
  return split<Tensor3D>(reshape(byHead, [2 * batch * heads, tokens, width]), 2) as [Tensor3D, Tensor3D];
}

/** `[B*H, N, e]` to `[B*N, H*e]`. */
function mergeHeads(x: Tensor3D, { batch, heads }: AttentionShape): Tensor2D {
  const [, tokens, width] = x.shape;
  const byToken = transpose<Tensor4D>(reshape(x, [batch, heads, tokens, width]), [0, 2, 1, 3]);
  return reshape(byToken, [batch * tokens, heads * width]);
}

/** @param sides how many tensors lie side by side in `x`, each with all heads */
function headSizes(x: Tensor2D, batch: number, heads: number, sides = 1): [tokens: number, width: number] {
  const [rows, columns] = x.shape;
  const width = columns / sides;
  if (rows % batch !== 0 || width % heads !== 0) {
    throw new Error(`attention: ${rows} rows of ${width} cannot be divided into batch ${batch} and ${heads} heads`);
  }
  return [rows / batch, width / heads];
}
