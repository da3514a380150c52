/** Shared definitions of a configuration's steps, in TensorFlow and in PyTorch: the model's sizes, and its inputs. */
import type { Objects } from '@dn-detr/boxes';
import {
  type Backbone,
  type Detector,
  dnDetr,
  efficientnetLite,
  ParameterLayout,
  resnet,
  splitFrozen,
  tiny,
} from '@dn-detr/core';
import { type KnownQueries, type NoiseSource, prepareKnownQueries } from '@dn-detr/dn';
import { sum } from 'd3-array';
import type { StepBackbone, StepConfig } from './step-configs.ts';

/** Images, or one level of their features. */
export interface StepArray {
  /** Shape in NHWC order. */
  readonly shape: [batch: number, height: number, width: number, channels: number];
  readonly values: Float32Array;
}

/** The inputs of all steps. */
export type StepInputs = { readonly images: StepArray } | { readonly levels: readonly StepArray[] };

export const detectorOf = ({ build = dnDetr, backbone, ...sizes }: StepConfig): Detector =>
  build({ ...sizes, backbone: backboneOf(backbone) });

function backboneOf(backbone: StepBackbone): Backbone {
  if (backbone.kind === 'tiny') return tiny(backbone);
  return backbone.kind === 'resnet' ? resnet(backbone) : efficientnetLite(backbone);
}

/** Number of trained parameters. */
export const trainedParametersOf = ({ parameters }: Detector): number =>
  sum(new ParameterLayout(splitFrozen(parameters).trained).groups, ({ size }) => size);

/** Known queries of one step. */
export const knownQueriesOf = (
  { denoising = {}, numClasses }: StepConfig,
  { queries }: Detector,
  objects: readonly Objects[],
  noise: NoiseSource,
): KnownQueries => prepareKnownQueries(objects, noise, denoising, { numClasses, matchingQueries: queries });

/** Images, or features in the shapes that the backbone would give them. */
export function inputsOf({ batch, image, featuresOnce }: StepConfig, { backbone }: Detector): StepInputs {
  if (!featuresOnce) return { images: waves([batch, image.height, image.width, 3]) };
  const sizeAt = (stride: number) => [Math.ceil(image.height / stride), Math.ceil(image.width / stride)] as const;
  return { levels: backbone.levels.map(({ channels, stride }) => waves([batch, ...sizeAt(stride), channels])) };
}

function waves(shape: StepArray['shape']): StepArray {
  const length = shape.reduce((product, size) => product * size);
  return { shape, values: Float32Array.from({ length }, (_, i) => Math.sin(i * 12.9898) * 2) };
}

/** Boxes of all sizes inside the image, different ones for every step. */
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
