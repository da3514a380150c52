/** Depthwise convolution: each channel has a separate kernel. */
import { depthwiseConv2d as depthwiseConv2dOp, reshape, type Tensor4D } from '@tensorflow/tfjs-core';
import { kernelOp } from './kernel-op.ts';

/**
 * Convolves each channel separately, with TensorFlow's padding `SAME`: as many zeros as ⌈H / stride⌉ windows need, the
 * odd one at the bottom and on the right.
 *
 * @param x `[B, H, W, C]`
 * @param weight `[k, k, 1, C]`, which checkpoints store as `[C, 1, k, k]`
 * @returns `[B, ⌈H / stride⌉, ⌈W / stride⌉, C]`
 * @throws if the kernel does not fit the channels
 */
export function depthwiseConv2d(x: Tensor4D, weight: Tensor4D, stride = 1): Tensor4D {
  const [height, width, inputs, channels] = weight.shape;
  if (inputs !== 1 || x.shape[3] !== channels) {
    throw new Error(`depthwiseConv2d: input [${x.shape}] does not fit weight [${weight.shape}] (kept as [k, k, 1, C])`);
  }
  return kernelOp({
    name: 'DnDepthwiseConv',
    inputs: { x, filter: weight },
    attributes: { stride: [stride] },
    composed: () => depthwiseConv2dOp(x, reshape(weight, [height, width, channels, 1]), stride, 'same'),
  });
}
