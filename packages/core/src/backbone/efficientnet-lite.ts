/**
 * EfficientNet-Lite: EfficientNet (Tan and Le 2019, https://arxiv.org/abs/1905.11946) without squeeze-and-excitation
 * and with ReLU6, up to its last block. Source: TensorFlow's efficientnet/lite/efficientnet_lite_builder.py, and its
 * PyTorch port efficientnet-lite-pytorch, from which the parameter names come.
 */
import { type Tensor4D, tidy } from '@tensorflow/tfjs-core';
import { relu6 } from '../nn/activation.ts';
import { inSequence, parametersOf } from '../nn/module.ts';
import type { Backbone } from './backbone.ts';
import { invertedResidual, sameConvUnit } from './inverted-residual.ts';
import type { Normalization } from './normalization.ts';
import { outputsOfParts, type Part } from './part.ts';

/** Factors by which each variant is wider and deeper than variant 0. */
const variants = {
  0: { width: 1, depth: 1 },
  1: { width: 1, depth: 1.1 },
  2: { width: 1.1, depth: 1.2 },
} as const;

/** The available variants of EfficientNet-Lite. */
export type EfficientNetLiteVariant = keyof typeof variants;

/** Options of EfficientNet-Lite: its variant and the number of trained stages. */
export interface EfficientNetLiteOptions {
  readonly variant: EfficientNetLiteVariant;
  /**
   * Number of trained stages, counted from the last of the 7. The count is the same for a model that takes an earlier
   * level and leaves the last stages out. 0 trains none of them; 8 trains the first convolution too. In a trained
   * stage, kernels and the weights and biases of batch norms are trained, but not the statistics. No gradient flows
   * into the other stages.
   * @defaultValue 0
   */
  readonly trainStages?: number;
}

const stem = 32;

/** The stages of variant 0, each with `repeats` blocks, the first of which has the stride. */
const stages = [
  { repeats: 1, size: 3, stride: 1, expansion: 1, outputs: 16 },
  { repeats: 2, size: 3, stride: 2, expansion: 6, outputs: 24 },
  { repeats: 2, size: 5, stride: 2, expansion: 6, outputs: 40 },
  { repeats: 3, size: 3, stride: 2, expansion: 6, outputs: 80 },
  { repeats: 3, size: 5, stride: 1, expansion: 6, outputs: 112 },
  { repeats: 4, size: 5, stride: 2, expansion: 6, outputs: 192 },
  { repeats: 1, size: 3, stride: 1, expansion: 6, outputs: 320 },
] as const;

/** The stages after which the resolution is halved or the network ends. */
const levels = [
  { stage: 2, stride: 8 },
  { stage: 4, stride: 16 },
  { stage: 6, stride: 32 },
] as const;

/** (pixel - 127) / 128, for pixels in 0..255. */
const normalization: Normalization = {
  mean: [127 / 255, 127 / 255, 127 / 255],
  std: [128 / 255, 128 / 255, 128 / 255],
};

/**
 * EfficientNet-Lite as a backbone with three levels of features, with strides 8, 16 and 32.
 *
 * @throws if there is no such variant, or not that many stages
 */
export function efficientnetLite(options: EfficientNetLiteOptions): Backbone {
  return build(options, levels.length);
}

function build({ variant, trainStages = 0 }: EfficientNetLiteOptions, levelCount: number): Backbone {
  if (!Object.hasOwn(variants, variant)) {
    throw new Error(`efficientnetLite: expected 0, 1 or 2 in variant, got ${variant}`);
  }
  if (!(Number.isSafeInteger(trainStages) && trainStages >= 0 && trainStages <= stages.length + 1)) {
    throw new Error(`efficientnetLite: expected 0 to ${stages.length + 1} in trainStages, got ${trainStages}`);
  }
  const used = levels.slice(0, levelCount);
  const last = used.at(-1)?.stage ?? 0;
  // The first convolution, followed by the stages.
  const parts = partsOf(variant, trainStages).slice(0, last + 2);
  return {
    parameters: parametersOf(...parts.map(({ module }) => module)),
    levels: used.map(({ stage, stride }) => ({ channels: widthOf(variant, stage), stride })),
    normalization,
    forward: (tensors, images) =>
      tidy(() => {
        const outputs = outputsOfParts(parts, tensors, images);
        return used.map(({ stage }) => outputs[stage + 1] as Tensor4D);
      }),
    upTo: (level) => build({ variant, trainStages }, level + 1),
  };
}

function partsOf(variant: EfficientNetLiteVariant, trainStages: number): Part[] {
  const stemTrained = trainStages > stages.length;
  const conv = sameConvUnit('_conv_stem', '_bn0', {
    size: 3,
    stride: 2,
    inputs: 3,
    outputs: stem,
    trained: stemTrained,
  });
  const stemModule: Part['module'] = { ...conv, apply: (tensors, x) => relu6(conv.apply(tensors, x)) };
  let count = 0;
  const blocks = stages.map((stage, i): Part => {
    const trained = i >= stages.length - trainStages;
    const [inputs, outputs] = [i === 0 ? stem : widthOf(variant, i - 1), widthOf(variant, i)];
    const module = inSequence(
      Array.from({ length: repeatsOf(variant, i) }, (_, j) => {
        const first = j === 0 ? { inputs, stride: stage.stride } : { inputs: outputs, stride: 1 };
        return invertedResidual(`_blocks.${count++}`, { ...stage, outputs, trained, ...first });
      }),
    );
    return { module, trained };
  });
  return [{ module: stemModule, trained: stemTrained }, ...blocks];
}

/** Output channels of stage `i`: a multiple of 8, at most 10 % below the scaled number. */
function widthOf(variant: EfficientNetLiteVariant, i: number): number {
  const scaled = variants[variant].width * (stages[i] as (typeof stages)[number]).outputs;
  const rounded = Math.max(8, Math.floor((scaled + 4) / 8) * 8);
  return rounded < 0.9 * scaled ? rounded + 8 : rounded;
}

/** Number of blocks of stage `i`. The first and last stages are not scaled. */
function repeatsOf(variant: EfficientNetLiteVariant, i: number): number {
  const { repeats } = stages[i] as (typeof stages)[number];
  return i === 0 || i === stages.length - 1 ? repeats : Math.ceil(variants[variant].depth * repeats);
}
