/** The training step that `bench capture` times: forward, backward and AdamW on one flat buffer. */
import { adamwInit, adamwStep, ParameterLayout, valueAndFlatGrads } from '@dn-detr/core';
import type { AdamWOptions, AdamWState } from '@dn-detr/core/optim';
import { type Scalar, type Tensor1D, tensor, tidy } from '@tensorflow/tfjs-core';
import { type ReferenceInputs, referenceLoss } from './reference-model.ts';
import { type ReferenceConfig, referenceParameters } from './reference-parameters.ts';

/** DETR's own numbers. */
export const referenceOptimizer: AdamWOptions = { groups: [{ learningRate: 1e-4, weightDecay: 1e-4 }] };

/** All parameters are in one group. */
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

/** Input of a step: all of it tensors, so that nothing of one step freezes in a captured graph. */
export type ReferenceStepInput = {
  state: AdamWState;
  inputs: ReferenceInputs;
  /** `adamwScalars(step, referenceOptimizer)` */
  scalars: Tensor1D;
};

/**
 * One training step; pure, so that it can be captured. The caller disposes the old state.
 *
 * @returns a function of tensors, made once for a configuration
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
