/** Registers the ops of native/ops as tfjs kernels. */
import { registerKernel } from '@tensorflow/tfjs-core';
import { adamw } from './adamw.ts';
import { attention } from './attention.ts';
import { biasActivation } from './bias-activation.ts';
import { depthwiseConv } from './depthwise-conv.ts';
import { layerNorm } from './layer-norm.ts';
import { multiScaleDeformableAttention } from './multi-scale-deformable-attention.ts';
import { kernelOf } from './op.ts';

const all = [adamw, attention, biasActivation, depthwiseConv, layerNorm, multiScaleDeformableAttention].flat();

/** Registers the kernels. Call it once, after TensorFlow has registered the ops. */
export function registerNativeOps(): void {
  for (const op of all) registerKernel(kernelOf(op));
}
