/** A model in training, for `bench step`: its steps from inputs on the host to a loss on the host. */
import type { Objects } from '@dn-detr/boxes';
import {
  adamwInit,
  adamwScalars,
  criterionPresets,
  initialParameters,
  ParameterLayout,
  splitFrozen,
} from '@dn-detr/core';
import { seededNoise } from '@dn-detr/dn';
import { knownInputs } from '@dn-detr/dn/tfjs';
import { matchingCosts } from '@dn-detr/matcher';
import { hostValue } from '@dn-detr/runtime';
import { type StepInput, type TrainingState, trainingStep } from '@dn-detr/train';
import { dispose, type Tensor4D, tensor1d, tensor4d, tidy } from '@tensorflow/tfjs-core';
import type { StepConfig } from './step-configs.ts';
import { detectorOf, inputsOf, knownQueriesOf, type StepArray } from './step-inputs.ts';

export interface StepRunner {
  /** Runs a step with these objects of each image, and returns its loss. */
  step(objects: readonly Objects[]): number;
  /** Everything that steps change; it belongs to the runner, and is valid until the next step. */
  state(): TrainingState;
  /** Number of shapes for which the step was traced. */
  captures(): number;
  dispose(): void;
}

/** @param onPhase makes steps wait after each phase, and is called there */
export function stepRunner(
  config: StepConfig,
  onPhase?: (phase: 'forward' | 'matching' | 'loss' | 'backward') => void,
): StepRunner {
  const detector = detectorOf(config);
  const declared = splitFrozen(detector.parameters);
  const trained = new ParameterLayout(declared.trained);
  const frozen = new ParameterLayout(declared.frozen);
  const optimizer = {
    groups: trained.groups.map(({ name }) => ({ learningRate: name === 'backbone' ? 1e-5 : 1e-4, weightDecay: 1e-4 })),
  };
  const step = trainingStep({
    detector,
    head: 'sigmoid',
    terms: criterionPresets.dnDetr,
    matching: matchingCosts.dnDetr,
    trained,
    frozen,
    optimizer,
    clipNorm: 0.1,
    ...(onPhase && { onPhase }),
  });

  let state: TrainingState = {
    ...adamwInit(tidy(() => trained.flatten(initialParameters(declared.trained, 1)))),
    average: [],
  };
  const fixed = tidy(() => frozen.flatten(initialParameters(declared.frozen, 1)));
  const noise = seededNoise('bench step');
  const inputs = inputsOf(config, detector);
  let count = 0;
  return {
    step(objects): number {
      count++;
      const known = knownQueriesOf(config, detector, objects, noise);
      const { state: _, ...fed } = {
        state,
        scalars: tensor1d(adamwScalars(count, optimizer)),
        batch:
          'levels' in inputs
            ? { levels: inputs.levels.map((level) => ({ features: tensorOf(level) })) }
            : { images: tensorOf(inputs.images) },
        targets: hostValue({ objects, known: known.targets }),
        known: knownInputs(known),
      } satisfies Omit<StepInput, 'frozen'>;
      const { state: next, ...outputs } = step({ state, frozen: fixed, ...fed });
      const [loss] = outputs.loss.dataSync();
      dispose([state, fed as never, outputs]);
      state = next;
      return loss as number;
    },
    state: () => state,
    captures: () => step.stats.captures,
    dispose(): void {
      step.dispose();
      dispose([state, fixed]);
    },
  };
}

const tensorOf = ({ shape, values }: StepArray): Tensor4D => tensor4d(values, shape);
