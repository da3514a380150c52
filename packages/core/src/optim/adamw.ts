/**
 * AdamW on flat parameter buffers, as a pure function: Adam with decoupled weight decay
 * (Loshchilov and Hutter, ICLR 2019), in the order of operations of `torch.optim.AdamW`.
 */
import {
  add,
  div,
  engine,
  mul,
  type Rank,
  reshape,
  type Scalar,
  scalar,
  split,
  sqrt,
  square,
  sub,
  type Tensor,
  type Tensor1D,
  tensor1d,
  tidy,
  zerosLike,
} from '@tensorflow/tfjs-core';
import { hasKernel } from '../nn/kernel-op.ts';

/** Learning rate and weight decay of one group of parameters. */
export interface AdamWGroup {
  readonly learningRate: number;
  /** Decoupled weight decay, as in PyTorch. @defaultValue 0.01 */
  readonly weightDecay?: number;
}

/** Options of AdamW. */
export interface AdamWOptions {
  /** One entry per group of the parameter layout, in its order. */
  readonly groups: readonly AdamWGroup[];
  /** Decay rate of the mean gradient. @defaultValue 0.9 */
  readonly beta1?: number;
  /** Decay rate of the mean squared gradient. @defaultValue 0.999 */
  readonly beta2?: number;
  /** Added to the square root of the bias-corrected mean square. @defaultValue 1e-8 */
  readonly epsilon?: number;
}

/** State of AdamW: parameters, mean gradient and mean squared gradient, each with one `[size]` tensor per group. */
export type AdamWState = { params: Tensor1D[]; m: Tensor1D[]; v: Tensor1D[] };

const defaults = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01 } as const;

/** Number of scalars per group in the result of `adamwScalars`. */
const scalarsPerGroup = 3;

/** The state before the first step. It takes over the parameters without copying them. */
export function adamwInit(params: readonly Tensor1D[]): AdamWState {
  return { params: [...params], m: params.map((flat) => zerosLike(flat)), v: params.map((flat) => zerosLike(flat)) };
}

/**
 * Everything that differs from step to step, for one `tf.tensor1d`: a captured step would otherwise freeze these
 * values. They are computed in float64, where `1 - beta2 ** step` keeps its precision.
 *
 * @param step 1 for the first update
 * @param schedule factor for every group's learning rate (`multiStep`)
 * @returns `[3 * groups]`: per group the factor of weight decay, the step size and the reciprocal root of v's
 *   correction
 * @throws RangeError if `step` is not an integer of at least 1, or a value is not one that AdamW can work with
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
      // In float32 a decay below 6e-8 rounds to none, here as in PyTorch: DETR's 1e-4 * 1e-4 is one of these.
      return [1 - rate * weightDecay, rate / correction1, 1 / Math.sqrt(correction2)];
    }),
  );
}

/**
 * One update. It returns new tensors and changes nothing in place; the caller disposes of the old state.
 *
 *     p *= 1 - lr * weightDecay
 *     m += (1 - beta1) * (g - m)
 *     v  = beta2 * v + (1 - beta2) * g²
 *     p -= lr / (1 - beta1^t) * m / (sqrt(v) / sqrt(1 - beta2^t) + epsilon)
 *
 * @param grads one flat gradient per group
 * @param scalars `[3 * groups]`, the result of `adamwScalars` for this step
 * @param factor factor that the gradients are multiplied by first, such as `clipFactor`; none if left out
 * @throws RangeError if the numbers of groups differ
 */
export function adamwStep(
  state: AdamWState,
  grads: readonly Tensor1D[],
  scalars: Tensor,
  options: AdamWOptions,
  factor?: Scalar,
): AdamWState {
  const groups = options.groups.length;
  const counts = [state.params.length, state.m.length, state.v.length, grads.length];
  if (counts.some((count) => count !== groups) || scalars.size !== scalarsPerGroup * groups) {
    throw new RangeError(
      `AdamW's options have ${groups} groups, so params, m, v and grads need ${groups} tensors each and the scalars ` +
        `${scalarsPerGroup * groups} numbers; got ${counts.join(', ')} tensors and ${scalars.size} numbers`,
    );
  }
  return tidy(() => {
    const perGroup = split(reshape<Rank.R1>(scalars, [scalars.size]), groups) as Tensor1D[];
    const updates = grads.map((gradient, i) => {
      const [p, m, v] = [state.params[i], state.m[i], state.v[i]] as [Tensor1D, Tensor1D, Tensor1D];
      const group: GroupUpdate = { p, m, v, gradient, numbers: perGroup[i] as Tensor1D, factor };
      return hasKernel('DnAdamW') ? fused(group, options) : composed(group, options);
    });
    return {
      params: updates.map(([p]) => p),
      m: updates.map(([, m]) => m),
      v: updates.map(([, , v]) => v),
    };
  });
}

/** The update of one group; the buffers are `[size]`. */
interface GroupUpdate {
  readonly p: Tensor1D;
  readonly m: Tensor1D;
  readonly v: Tensor1D;
  readonly gradient: Tensor1D;
  /** The group's three numbers from `adamwScalars`, `[3]`. */
  readonly numbers: Tensor1D;
  readonly factor: Scalar | undefined;
}

type Updated = [p: Tensor1D, m: Tensor1D, v: Tensor1D];

function ratesOf({ beta1 = defaults.beta1, beta2 = defaults.beta2, epsilon = defaults.epsilon }: AdamWOptions) {
  return { freshM: 1 - beta1, keptV: beta2, freshV: 1 - beta2, epsilon };
}

/** The update as one kernel, in a single pass over memory. */
function fused({ p, m, v, gradient, numbers, factor = scalar(1) }: GroupUpdate, options: AdamWOptions): Updated {
  const { freshM, keptV, freshV, epsilon } = ratesOf(options);
  const rates = tensor1d([freshM, keptV, freshV, epsilon]);
  return engine().runKernel<Updated>('DnAdamW', { params: p, m, v, gradient, numbers, rates, factor });
}

function composed({ p, m: oldM, v: oldV, gradient, numbers, factor }: GroupUpdate, options: AdamWOptions): Updated {
  const { freshM, keptV, freshV, epsilon } = ratesOf(options);
  const [decay, stepSize, rootCorrection] = split(numbers, scalarsPerGroup) as [Tensor, Tensor, Tensor];
  const g = factor === undefined ? gradient : mul(gradient, factor);
  // The buffers are as long as the model, so free the intermediate results of one sum before the next.
  const m = tidy(() => add<Tensor1D>(oldM, mul(sub(g, oldM), freshM)));
  const v = tidy(() => add<Tensor1D>(mul(oldV, keptV), mul(square(g), freshV)));
  const update = tidy(() => mul(stepSize, div(m, add(mul(sqrt(v), rootCorrection), epsilon))));
  const next = tidy(() => sub<Tensor1D>(mul(p, decay), update));
  update.dispose();
  return [next, m, v];
}

/** Requires `low <= value < high`, written so that NaN is rejected too. */
function requireIn(name: string, value: number, low: number, high: number): void {
  if (!(value >= low && value < high)) {
    throw new RangeError(`AdamW's ${name} must be at least ${low} and below ${high}, got ${value}`);
  }
}
