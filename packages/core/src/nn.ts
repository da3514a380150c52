/**
 * Modules, layers, attention, position encodings, and parameters with their gradients.
 *
 * @module @dn-detr/core/nn
 */
export * from './nn/activation.ts';
export * from './nn/add.ts';
export * from './nn/attention.ts';
export * from './nn/attention-mask.ts';
export * from './nn/conv.ts';
export * from './nn/custom-gradient.ts';
export * from './nn/deformable-attention.ts';
export * from './nn/deformable-sampling.ts';
export * from './nn/depthwise.ts';
export * from './nn/detach.ts';
export * from './nn/dropout.ts';
export * from './nn/embedding.ts';
export * from './nn/frozen-batch-norm.ts';
export * from './nn/gradients.ts';
export * from './nn/group-norm.ts';
export * from './nn/init.ts';
export * from './nn/inverse-sigmoid.ts';
export * from './nn/kernel-op.ts';
export * from './nn/linear.ts';
export * from './nn/mlp.ts';
export * from './nn/module.ts';
export * from './nn/named.ts';
export * from './nn/norm.ts';
export * from './nn/parameters.ts';
export * from './nn/pass.ts';
export * from './nn/repeat.ts';
export * from './position.ts';
