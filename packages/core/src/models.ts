/**
 * Backbones, encoders and decoders, models, and the conversion of their predictions to detections.
 *
 * @module @dn-detr/core/models
 */
export * from './backbone/backbone.ts';
export * from './backbone/efficientnet-lite.ts';
export * from './backbone/normalization.ts';
export * from './backbone/resnet.ts';
export * from './backbone/tiny.ts';
export * from './models/dab-detr.ts';
export * from './models/deformable-detr.ts';
export * from './models/deformable-parts.ts';
export * from './models/detector.ts';
export * from './models/detr.ts';
export * from './models/dino.ts';
export * from './models/dn-deformable-detr.ts';
export * from './models/label-embedding.ts';
export * from './models/level-tokens.ts';
export * from './models/mixed-selection.ts';
export * from './models/queries.ts';
export * from './models/two-stage.ts';
export * from './postprocess.ts';
export * from './transformer/by-layer.ts';
export * from './transformer/dab-decoder.ts';
export * from './transformer/dab-decoder-layer.ts';
export * from './transformer/decoder.ts';
export * from './transformer/deformable-decoder.ts';
export * from './transformer/deformable-decoder-layer.ts';
export * from './transformer/deformable-encoder.ts';
export * from './transformer/encoder.ts';
export * from './transformer/layer.ts';
export * from './transformer/levels.ts';
export * from './transformer/proposals.ts';
