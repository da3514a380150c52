/** Times whole training steps of models that take known queries, with targets and known queries drawn anew each time. */
import type { Objects } from '@dn-detr/boxes';
import {
  adamwInit,
  adamwScalars,
  type Backbone,
  criterionPresets,
  dnDetr,
  initialParameters,
  ParameterLayout,
  splitFrozen,
} from '@dn-detr/core';
import { prepareKnownQueries, seededNoise } from '@dn-detr/dn';
import { knownInputs } from '@dn-detr/dn/tfjs';
import { matchingCosts } from '@dn-detr/matcher';
import { hostValue } from '@dn-detr/runtime';
import { type StepInput, type TrainingState, trainingStep } from '@dn-detr/train';
import { dispose, type Tensor4D, tensor1d, tensor4d, tidy } from '@tensorflow/tfjs-core';
import { median } from '../median.ts';
import { groups, type StepConfig, type StepConfigName, stepConfigs } from './step-configs.ts';

/** Milliseconds of the parts of a step; their sum is more than a whole step, which runs in fewer pieces. */
export interface StepPhases {
  forward: number;
  matching: number;
  loss: number;
  backward: number;
  optimiser: number;
}

export interface StepBench {
  config: StepConfigName;
  /** median and least of a step, from images, or features, on the host to a loss on the host */
  ms: number;
  msMin: number;
  /** medians, measured apart, in steps that wait after each phase */
  phases: StepPhases;
  imagesPerSecond: number;
  /** of the process, so that only the first configuration of a process has a peak of its own */
  peakRssMiB: number;
  /** shapes for which the step was traced */
  captures: number;
}

const warmUp = 4;

/** @param steps that are timed whole; half as many are timed by phase */
export function benchStep(name: StepConfigName, steps: number): StepBench {
  const config: StepConfig = stepConfigs[name];
  const run = stepRunner(config);
  const whole: number[] = [];
  for (let i = 0; i < warmUp + steps; i++) {
    const started = performance.now();
    run.step();
    if (i >= warmUp) whole.push(performance.now() - started);
  }
  const captures = run.captures();
  // Before the phases, whose second capture would count in it.
  const peakRssMiB = process.resourceUsage().maxRSS / 1024;
  run.dispose();
  const ms = median(whole);
  return {
    config: name,
    ms,
    msMin: Math.min(...whole),
    phases: benchPhases(config, Math.ceil(steps / 2)),
    imagesPerSecond: (1000 * config.batch) / ms,
    peakRssMiB,
    captures,
  };
}

function benchPhases(config: StepConfig, steps: number): StepPhases {
  const times: Record<keyof StepPhases, number[]> = {
    forward: [],
    matching: [],
    loss: [],
    backward: [],
    optimiser: [],
  };
  let last = 0;
  const mark = (phase: keyof StepPhases): void => {
    const now = performance.now();
    times[phase].push(now - last);
    last = now;
  };
  const run = stepRunner(config, mark);
  for (let i = 0; i < warmUp + steps; i++) {
    if (i === warmUp) for (const list of Object.values(times)) list.length = 0;
    last = performance.now();
    run.step();
    mark('optimiser');
  }
  run.dispose();
  return Object.fromEntries(
    Object.entries(times).map(([phase, list]) => [phase, median(list)]),
  ) as unknown as StepPhases;
}

/** A model in training; `onPhase` makes its steps wait after each phase. */
function stepRunner(config: StepConfig, onPhase?: (phase: keyof StepPhases) => void) {
  const { numClasses, batch, image, featuresOnce } = config;
  const { build = dnDetr } = config;
  const detector = build({ ...config, backbone: config.backbone() });
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
  const shape: [number, number, number, number] = [batch, image.height, image.width, 3];
  const pixels = Float32Array.from(
    { length: batch * image.height * image.width * 3 },
    (_, i) => Math.sin(i * 12.9898) * 2,
  );
  const features = featuresOnce && featuresOf(detector.backbone, () => tensor4d(pixels, shape));
  let count = 0;
  return {
    step(): void {
      count++;
      const objects = drawTargets(config, count);
      const fits = { numClasses, matchingQueries: detector.queries };
      const known = prepareKnownQueries(objects, noise, { groups }, fits);
      const { state: _, ...fed } = {
        state,
        scalars: tensor1d(adamwScalars(count, optimizer)),
        batch: features
          ? { levels: features.map(({ values, shape }) => ({ features: tensor4d(values, shape) })) }
          : { images: tensor4d(pixels, shape) },
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

/** Of each level, as a run keeps them. */
function featuresOf(backbone: Backbone, images: () => Tensor4D) {
  return tidy(() =>
    backbone.forward(initialParameters(backbone.parameters, 1), images()).map((level) => {
      return { shape: level.shape, values: level.dataSync<'float32'>() };
    }),
  );
}

/** Boxes that lie inside the image, of all sizes, other ones for every step. */
function drawTargets({ batch, numClasses, objects }: StepConfig, step: number): Objects[] {
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
