/** The names of ResNets. This toolkit uses those of detr: torchvision's after the prefix `backbone.0.body.`. */
import type { NameRule, NameTable } from './table.ts';

const body = 'backbone.0.body';

/** A file of torchvision or timm that contains only a ResNet; `fc` is its classifier. */
export const resnetNames: NameTable = {
  source: 'a ResNet of torchvision or timm',
  mark: 'layer1.0.conv1.weight',
  rules: [
    ['fc.*', 'fc.*'],
    ['*', `${body}.*`],
  ],
};

/** @param prefix prefix of all names, including its dot */
const hfResnetRules = (prefix: string): readonly NameRule[] => [
  [`${prefix}embedder.embedder.convolution.*`, `${body}.conv1.*`],
  [`${prefix}embedder.embedder.normalization.*`, `${body}.bn1.*`],
  [`${prefix}encoder.stages.#.layers.#.shortcut.convolution.*`, `${body}.layer#+1.#.downsample.0.*`],
  [`${prefix}encoder.stages.#.layers.#.shortcut.normalization.*`, `${body}.layer#+1.#.downsample.1.*`],
  [`${prefix}encoder.stages.#.layers.#.layer.#.convolution.*`, `${body}.layer#+1.#.conv#+1.*`],
  [`${prefix}encoder.stages.#.layers.#.layer.#.normalization.*`, `${body}.layer#+1.#.bn#+1.*`],
];

/** A separate ResNet of Hugging Face: `ResNetModel`, `ResNetBackbone`, or `ResNetForImageClassification`. */
export const hfResnetNames: NameTable = {
  source: 'a ResNet of Hugging Face transformers',
  mark: 'embedder.embedder.convolution.weight',
  rules: hfResnetRules(''),
};

/** A ResNet inside a larger model of Hugging Face: its own, or timm's, either directly or wrapped. */
export const nestedResnetRules = (prefix: string): readonly NameRule[] => [
  ...hfResnetRules(`${prefix}.`),
  [`${prefix}._backbone.*`, `${body}.*`],
  [`${prefix}.*`, `${body}.*`],
];
