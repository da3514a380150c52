/** The ops of native/ops as kernels of tfjs. */
import { registerKernel } from '@tensorflow/tfjs-core';
import { depthwiseConv } from './depthwise-conv.ts';
import { multiScaleDeformableAttention } from './multi-scale-deformable-attention.ts';
import { kernelOf } from './op.ts';

/** Call it once, when TensorFlow knows the ops. */
export function registerNativeOps(): void {
  for (const op of [...depthwiseConv, ...multiScaleDeformableAttention]) registerKernel(kernelOf(op));
}
