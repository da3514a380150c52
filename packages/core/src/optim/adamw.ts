/**
 * AdamW on flat parameter buffers, as a pure function: Adam with decoupled weight decay
 * (Loshchilov and Hutter, ICLR 2019), in the order of operations of `torch.optim.AdamW`.
 */
import {
  add,
  div,
  mul,
  type Rank,
  reshape,
  split,
  sqrt,
  square,
  sub,
  type Tensor,
  type Tensor1D,
  tidy,
  zerosLike,
} from '@tensorflow/tfjs-core';

/** What one group of parameters is trained with. */
export interface AdamWGroup {
  readonly learningRate: number;
  /** default 0.01, as in PyTorch */
  readonly weightDecay?: number;
}

/** Rates and decays of AdamW. */
export interface AdamWOptions {
  /** one per group of the parameter layout, in its order */
  readonly groups: readonly AdamWGroup[];
  /** decay of the mean gradient, default 0.9 */
  readonly beta1?: number;
  /** decay of the mean squared gradient, default 0.999 */
  readonly beta2?: number;
  /** added to the root of the corrected mean square, default 1e-8 */
  readonly epsilon?: number;
}

/** One `[size]` tensor per group in each: parameters, mean gradient, mean squared gradient. */
export type AdamWState = { params: Tensor1D[]; m: Tensor1D[]; v: Tensor1D[] };

const defaults = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01 } as const;

/** Scalars per group in the result of `adamwScalars`. */
const scalarsPerGroup = 3;

/** The state before the first step. The parameters are taken over as they are, not copied. */
export function adamwInit(params: readonly Tensor1D[]): AdamWState {
  return { params: [...params], m: params.map((flat) => zerosLike(flat)), v: params.map((flat) => zerosLike(flat)) };
}

/**
 * Everything that differs from step to step, for one `tf.tensor1d`: passed in as a tensor, a captured step does not
 * freeze it. Computed in float64, where `1 - beta2 ** step` keeps its digits.
 *
 * @param step 1 for the first update
 * @param schedule multiplies every group's learning rate (`multiStep`)
 * @returns `[3 * groups]`: per group the factor of weight decay, the step size and one over the root of v's correction
 * @throws RangeError if `step` is not a whole number from 1, or a number is not one AdamW can work with
 */
export function adamwScalars(step: number, options: AdamWOptions, schedule = 1): Float32Array {
  if (!Number.isSafeInteger(step) || step < 1) {
    throw new RangeError(`AdamW's step must be a whole number from 1 (the first update), got ${step}`);
  }
  const { beta1 = defaults.beta1, beta2 = defaults.beta2 } = options;
  requireIn('beta1', beta1, 0, 1);
  requireIn('beta2', beta2, 0, 1);
  requireIn('schedule', schedule, 0, Number.POSITIVE_INFINITY);
  const correction1 = 1 - beta1 ** step;
  const correction2 = 1 - beta2 ** step;
  return Float32Array.from(
    options.groups.flatMap(({ learningRate, weightDecay = defaults.weightDecay }, i) => {
      requireIn(`learningRate of group ${i}`, learningRate, 0, Number.POSITIVE_INFINITY);
      requireIn(`weightDecay of group ${i}`, weightDecay, 0, Number.POSITIVE_INFINITY);
      const rate = learningRate * schedule;
      // In float32 a decay below 6e-8 rounds to "none", here as in PyTorch: DETR's 1e-4 * 1e-4 is such a one.
      return [1 - rate * weightDecay, rate / correction1, 1 / Math.sqrt(correction2)];
    }),
  );
}

/**
 * One update. New tensors out, nothing changed in place; the caller disposes the old state.
 *
 *     p *= 1 - lr * weightDecay
 *     m += (1 - beta1) * (g - m)
 *     v  = beta2 * v + (1 - beta2) * g²
 *     p -= lr / (1 - beta1^t) * m / (sqrt(v) / sqrt(1 - beta2^t) + epsilon)
 *
 * @param grads one flat gradient per group
 * @param scalars `[3 * groups]`, the numbers of `adamwScalars` for this step
 * @throws RangeError if the numbers of groups differ
 */
export function adamwStep(
  state: AdamWState,
  grads: readonly Tensor1D[],
  scalars: Tensor,
  options: AdamWOptions,
): AdamWState {
  const groups = options.groups.length;
  const counts = [state.params.length, state.m.length, state.v.length, grads.length];
  if (counts.some((count) => count !== groups) || scalars.size !== scalarsPerGroup * groups) {
    throw new RangeError(
      `AdamW's options have ${groups} groups, so params, m, v and grads need ${groups} tensors each and the scalars ` +
        `${scalarsPerGroup * groups} numbers; got ${counts.join(', ')} tensors and ${scalars.size} numbers`,
    );
  }
  const { beta1 = defaults.beta1, beta2 = defaults.beta2, epsilon = defaults.epsilon } = options;
  return tidy(() => {
    const numbers = split(reshape<Rank.R1>(scalars, [scalars.size]), scalars.size);
    const next: AdamWState = { params: [], m: [], v: [] };
    for (let i = 0; i < groups; i++) {
      const [decay, stepSize, rootCorrection] = numbers.slice(scalarsPerGroup * i) as [Tensor, Tensor, Tensor];
      const [p, g] = [state.params[i], grads[i]] as [Tensor1D, Tensor1D];
      const [oldM, oldV] = [state.m[i], state.v[i]] as [Tensor1D, Tensor1D];
      // Buffers as long as the model: what is left of one sum is freed before the next.
      const m = tidy(() => add<Tensor1D>(oldM, mul(sub(g, oldM), 1 - beta1)));
      const v = tidy(() => add<Tensor1D>(mul(oldV, beta2), mul(square(g), 1 - beta2)));
      const update = tidy(() => mul(stepSize, div(m, add(mul(sqrt(v), rootCorrection), epsilon))));
      next.params.push(tidy(() => sub<Tensor1D>(mul(p, decay), update)));
      update.dispose();
      next.m.push(m);
      next.v.push(v);
    }
    return next;
  });
}

/** `low <= value < high`, so that NaN is refused too. */
function requireIn(name: string, value: number, low: number, high: number): void {
  if (!(value >= low && value < high)) {
    throw new RangeError(`AdamW's ${name} must be at least ${low} and below ${high}, got ${value}`);
  }
}
