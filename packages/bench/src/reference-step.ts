/** The training step that `bench capture` times: forward, backward and AdamW on one flat buffer. */
import { adamwInit, adamwStep, ParameterLayout, valueAndFlatGrads } from '@dn-detr/core';
import type { AdamWOptions, AdamWState } from '@dn-detr/core/optim';
import { type Scalar, type Tensor1D, tensor, tidy } from '@tensorflow/tfjs-core';
import { type ReferenceInputs, referenceLoss } from './reference-model.ts';
import { type ReferenceConfig, referenceParameters } from './reference-parameters.ts';

/** DETR's own settings. */
export const referenceOptimizer: AdamWOptions = { groups: [{ learningRate: 1e-4, weightDecay: 1e-4 }] };

/** The layout, with all parameters in one group. */
export function referenceLayout(config: ReferenceConfig): ParameterLayout {
  return new ParameterLayout(referenceParameters(config).map(({ name, shape }) => ({ name, shape, group: 'rest' })));
}

/** The state before the first step. */
export function referenceState(config: ReferenceConfig, seed = 0): AdamWState {
  return tidy(() => {
    const named = referenceParameters(config, seed).map(({ name, shape, values }) => [
      name,
      tensor(values, [...shape]),
    ]);
    return adamwInit(referenceLayout(config).flatten(Object.fromEntries(named)));
  });
}

/** Inputs of a step: all are tensors, so that no value of one step becomes a constant in a captured graph. */
export type ReferenceStepInput = {
  state: AdamWState;
  inputs: ReferenceInputs;
  /** The result of `adamwScalars(step, referenceOptimizer)`. */
  scalars: Tensor1D;
};

/**
 * Makes a training step, which is pure, so that it can be captured. The caller disposes the old state.
 *
 * @returns a function of tensors, to be made once for a configuration
 */
export function referenceStep(
  config: ReferenceConfig,
): (input: ReferenceStepInput) => { loss: Scalar; state: AdamWState } {
  const layout = referenceLayout(config);
  return ({ state, inputs, scalars }) =>
    tidy(() => {
      const { loss, grads } = valueAndFlatGrads(layout, state.params, (parameters) => ({
        loss: referenceLoss(parameters, inputs, config),
      }));
      return { loss, state: adamwStep(state, grads, scalars, referenceOptimizer) };
    });
}
