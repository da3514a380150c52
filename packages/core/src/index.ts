/**
 * The names that most code needs. The subpaths `@dn-detr/core/models`, `nn`, `loss`, `optim` and `weights` export
 * everything in each part.
 *
 * @module @dn-detr/core
 */
export type { Backbone } from './backbone/backbone.ts';
export { efficientnetLite } from './backbone/efficientnet-lite.ts';
export { imageNet, type Normalization } from './backbone/normalization.ts';
export { resnet } from './backbone/resnet.ts';
export { tiny } from './backbone/tiny.ts';
export { criterion } from './loss/criterion.ts';
export type { PredictionSet } from './loss/predictions.ts';
export { mergeTargets, targetTensors } from './loss/targets.ts';
export type { LossTerm } from './loss/term.ts';
export { criterionPresets } from './loss/terms.ts';
export { dabDetr, dnDetr } from './models/dab-detr.ts';
export { deformableDetr } from './models/deformable-detr.ts';
export {
  type Detector,
  type DetectorOutput,
  type ImageBatch,
  type KnownInputs,
  splitFrozen,
} from './models/detector.ts';
export { detr, dnDetrVanilla } from './models/detr.ts';
export { dino } from './models/dino.ts';
export { dnDeformableDetr } from './models/dn-deformable-detr.ts';
export { valueAndFlatGrads } from './nn/gradients.ts';
export { initialParameters } from './nn/init.ts';
export type { Module } from './nn/module.ts';
export type { NamedTensors } from './nn/named.ts';
export { ParameterLayout } from './nn/parameters.ts';
export { adamwInit, adamwScalars, adamwStep } from './optim/adamw.ts';
export { clipByGlobalNorm, clipFactor } from './optim/clip.ts';
export { focalDetections, softmaxDetections } from './postprocess.ts';
export { readCheckpoint } from './weights/checkpoint.ts';
export { loadParameters } from './weights/load.ts';
export { saveParameters } from './weights/save.ts';
