/** Exponential moving average of flat parameters, which gives the weights to evaluate with. */
import { add, mul, type Scalar, sub, type Tensor1D, tidy } from '@tensorflow/tfjs-core';

/**
 * `average + (1 - decay) * (params - average)`. Start with a copy of the parameters.
 *
 * @param average one `[size]` tensor per group; it is left unchanged, and the caller disposes of it
 * @param decay in 0..1, such as 0.9997; a scalar tensor if it changes from step to step, so that a captured step does
 *   not freeze it
 * @throws RangeError if the numbers of groups differ, or a numeric `decay` is outside 0..1
 */
export function emaStep(average: readonly Tensor1D[], params: readonly Tensor1D[], decay: number | Scalar): Tensor1D[] {
  if (average.length !== params.length) {
    throw new RangeError(`the average has ${average.length} groups, the parameters have ${params.length}`);
  }
  if (typeof decay === 'number' && !(decay >= 0 && decay <= 1)) {
    throw new RangeError(`the decay of an average must be in 0..1, got ${decay}`);
  }
  return tidy(() => {
    const weight = typeof decay === 'number' ? 1 - decay : sub(1, decay);
    return average.map((flat, i) => add<Tensor1D>(flat, mul(sub(params[i] as Tensor1D, flat), weight)));
  });
}
