/** The model that a configuration describes, with the losses and costs that belong to it. */
import {
  type Backbone,
  type CriterionOptions,
  criterionPresets,
  type Detections,
  type Detector,
  dabDetr,
  detr,
  dnDetr,
  dnDetrVanilla,
  focalDetections,
  type ImageSize,
  ParameterLayout,
  type RawPredictions,
  resnet,
  softmaxDetections,
  splitFrozen,
  tiny,
} from '@dn-detr/core';
import { type MatchingCost, matchingCosts } from '@dn-detr/matcher';
import type { ModelName, RunConfig } from './config/schema.ts';
import { UserError } from './user-error.ts';

export interface Model {
  readonly detector: Detector;
  readonly criterion: CriterionOptions;
  readonly matching: MatchingCost;
  /** it is trained with known queries */
  readonly denoises: boolean;
  readonly trained: ParameterLayout;
  readonly frozen: ParameterLayout;
  /** detections in pixels of images of these sizes, from the last layer's predictions */
  detections(predictions: RawPredictions, sizes: readonly ImageSize[]): Detections[];
}

/** @throws UserError if no model can be built with these sizes */
export function buildModel(config: RunConfig, classes: number): Model {
  const detector = buildDetector(config.model, classes);
  const declared = splitFrozen(detector.parameters);
  const losses = lossesOf(config.model.name);
  return {
    detector,
    ...losses,
    denoises: config.model.name.startsWith('dn-') && config.denoising.groups > 0,
    trained: new ParameterLayout(declared.trained),
    frozen: new ParameterLayout(declared.frozen),
    detections:
      losses.criterion.classLoss.kind === 'softmax'
        ? softmaxDetections
        : (predictions, sizes) => focalDetections(predictions, sizes, config.evaluation.detections),
  };
}

/** What a model is trained with, as its paper has it. */
export function lossesOf(name: ModelName): Pick<Model, 'criterion' | 'matching'> {
  return name === 'detr' || name === 'dn-detr-vanilla'
    ? { criterion: criterionPresets.detr, matching: matchingCosts.detr }
    : { criterion: criterionPresets.dnDetr, matching: matchingCosts.dnDetr };
}

function buildDetector({ name, temperature, indicator, ...model }: RunConfig['model'], classes: number): Detector {
  const options = { ...model, backbone: buildBackbone(model.backbone), classes };
  const anchored = { ...options, temperatureH: temperature, temperatureW: temperature };
  try {
    switch (name) {
      case 'detr':
        return detr(options);
      case 'dn-detr-vanilla':
        return dnDetrVanilla(options);
      case 'dab-detr':
        return dabDetr(anchored);
      case 'dn-detr':
        return dnDetr({ ...anchored, indicator });
    }
  } catch (error) {
    if (error instanceof RangeError) throw new UserError(`model.${error.message}`);
    throw error;
  }
}

function buildBackbone(backbone: RunConfig['model']['backbone']): Backbone {
  try {
    return backbone.kind === 'tiny' ? tiny(backbone) : resnet(backbone);
  } catch (error) {
    throw new UserError(`model.backbone: ${(error as Error).message}`, { cause: error });
  }
}
