/** A model in training, for `bench step`: what it starts from, its steps, and what they are to predict. */
import type { Objects } from '@dn-detr/boxes';
import {
  adamwInit,
  adamwScalars,
  type Backbone,
  criterionPresets,
  type Detector,
  dnDetr,
  initialParameters,
  ParameterLayout,
  splitFrozen,
} from '@dn-detr/core';
import { type KnownQueries, type NoiseSource, prepareKnownQueries, seededNoise } from '@dn-detr/dn';
import { knownInputs } from '@dn-detr/dn/tfjs';
import { matchingCosts } from '@dn-detr/matcher';
import { hostValue } from '@dn-detr/runtime';
import { type StepInput, type TrainingState, trainingStep } from '@dn-detr/train';
import { dispose, type Tensor4D, tensor1d, tensor4d, tidy } from '@tensorflow/tfjs-core';
import type { StepConfig } from './step-configs.ts';

/** Images, or one level of their features. */
export interface StepArray {
  /** NHWC */
  readonly shape: [batch: number, height: number, width: number, channels: number];
  readonly values: Float32Array;
}

/** What all steps begin at. */
export type StepInputs = { readonly images: StepArray } | { readonly levels: readonly StepArray[] };

export interface StepRunner {
  readonly inputs: StepInputs;
  /** a step with these objects, of each image, from inputs on the host to a loss on the host */
  step(objects: readonly Objects[]): void;
  /** shapes for which the step was traced */
  captures(): number;
  dispose(): void;
}

export const detectorOf = ({ build = dnDetr, backbone, ...sizes }: StepConfig): Detector =>
  build({ ...sizes, backbone: backbone() });

/** Known queries of one step. */
export const knownQueriesOf = (
  { denoising = {}, numClasses }: StepConfig,
  { queries }: Detector,
  objects: readonly Objects[],
  noise: NoiseSource,
): KnownQueries => prepareKnownQueries(objects, noise, denoising, { numClasses, matchingQueries: queries });

/** @param onPhase makes steps wait after each phase */
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
  const images = imagesOf(config);
  const inputs: StepInputs = config.featuresOnce ? { levels: featuresOf(detector.backbone, images) } : { images };
  let count = 0;
  return {
    inputs,
    step(objects): void {
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
      outputs.loss.dataSync();
      dispose([state, fed as never, outputs]);
      state = next;
    },
    captures: () => step.stats.captures,
    dispose(): void {
      step.dispose();
      dispose([state, fixed]);
    },
  };
}

const tensorOf = ({ shape, values }: StepArray): Tensor4D => tensor4d(values, shape);

function imagesOf({ batch, image }: StepConfig): StepArray {
  const length = batch * image.height * image.width * 3;
  return {
    shape: [batch, image.height, image.width, 3],
    values: Float32Array.from({ length }, (_, i) => Math.sin(i * 12.9898) * 2),
  };
}

/** Of each level, as a run keeps them. */
function featuresOf(backbone: Backbone, images: StepArray): StepArray[] {
  return tidy(() =>
    backbone.forward(initialParameters(backbone.parameters, 1), tensorOf(images)).map((level) => {
      return { shape: level.shape, values: level.dataSync<'float32'>() };
    }),
  );
}

/** Boxes that lie inside the image, of all sizes, other ones for every step. */
export function drawTargets({ batch, numClasses, objects }: StepConfig, step: number): Objects[] {
  let i = 0;
  const next = (): number => {
    const wave = Math.sin(step * 78.233 + i++ * 12.9898) * 43758.5453;
    return wave - Math.floor(wave);
  };
  return Array.from({ length: batch }, (_, image) => {
    const { first, least, most } = objects;
    const count = image === 0 ? first : least + Math.floor(next() * (most - least + 1));
    const boxes = Array.from({ length: count }, () => {
      const [width, height] = [0.05 + 0.5 * next(), 0.05 + 0.5 * next()];
      return [width / 2 + next() * (1 - width), height / 2 + next() * (1 - height), width, height];
    });
    const labels = Int32Array.from({ length: count }, () => Math.floor(next() * numClasses));
    return { labels, boxes: Float32Array.from(boxes.flat()) };
  });
}
