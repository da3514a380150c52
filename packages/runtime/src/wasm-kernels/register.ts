/**
 * Makes the WASM backend able to train.
 *
 * Stock tfjs-backend-wasm 4.22 is built for inference. It lacks the gradients of a convolution's filter, of a depthwise
 * convolution and of `gather` (`UnsortedSegmentSum`). Three of its kernels run a naive loop of 2 to 4 GFLOP/s where
 * XNNPACK reaches 13 to 35: products with a transposed operand, products of more than one matrix, and
 * `Conv2DBackpropInput`. `OneHot` is wrong except for int32, and `Sum` and `Mean` lose precision over many numbers.
 */
import type { KernelFunc } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { WASM } from './compose.ts';
import { conv2DBackpropFilter, quickConv2DBackpropInput } from './convolution.ts';
import { depthwiseBackpropFilter, depthwiseBackpropInput } from './depthwise.ts';
import { oneHot, unsortedSegmentSum } from './indices.ts';
import { quickProduct } from './products.ts';
import { exactReduction } from './reductions.ts';

let registered = false;

/**
 * Registers the missing kernels for the backend `wasm`, and replaces the slow and the wrong ones. Call it after
 * `@tensorflow/tfjs-backend-wasm` is imported, before or after `setBackend`; calling it more than once is fine.
 */
export function registerTrainingKernels(): void {
  if (registered) return;
  wrapKernel(tf.BatchMatMul, quickProduct);
  wrapKernel(tf._FusedMatMul, quickProduct);
  wrapKernel(tf.Conv2DBackpropInput, quickConv2DBackpropInput);
  wrapKernel(tf.OneHot, () => oneHot);
  wrapKernel(tf.Sum, exactReduction('sum'));
  wrapKernel(tf.Mean, exactReduction('mean'));
  addKernel(tf.Conv2DBackpropFilter, conv2DBackpropFilter);
  addKernel(tf.DepthwiseConv2dNativeBackpropFilter, depthwiseBackpropFilter);
  addKernel(tf.DepthwiseConv2dNativeBackpropInput, depthwiseBackpropInput);
  addKernel(tf.UnsortedSegmentSum, unsortedSegmentSum);
  registered = true;
}

const addKernel = (kernelName: string, kernelFunc: KernelFunc): void =>
  tf.registerKernel({ kernelName, backendName: WASM, kernelFunc });

/** Replaces a stock kernel but keeps its set-up: the new kernel uses the stock function. */
function wrapKernel(kernelName: string, wrap: (stock: KernelFunc) => KernelFunc): void {
  const stock = tf.getKernel(kernelName, WASM);
  if (!stock) throw new Error(`No ${kernelName} on WASM: import @tensorflow/tfjs-backend-wasm before this call.`);
  tf.unregisterKernel(kernelName, WASM);
  tf.registerKernel({ ...stock, kernelFunc: wrap(stock.kernelFunc) });
}
