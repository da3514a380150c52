/** Sums and means over many numbers. */
import type { KernelFunc } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { compose, input } from './compose.ts';

/** From this many numbers on, rounding after each addition becomes noticeable. */
const MANY = 1024;

/**
 * `Sum` and `Mean`, accumulated in float64 if there are many numbers. The stock kernels round to float32 after each
 * addition, which loses numbers that are small compared with the sum so far: the norm of a million gradients was 0.1 %
 * too small. They are no faster for it.
 */
export const exactReduction =
  (kind: 'sum' | 'mean') =>
  (stock: KernelFunc): KernelFunc =>
  (params) => {
    const { inputs, backend, attrs } = params;
    const x = input(inputs, 'x');
    // `MeanAttrs` are the same.
    const { axis, keepDims } = attrs as unknown as tf.SumAttrs;
    const axes = tf.util.parseAxisParam(axis, x.shape);
    const [outShape, reducedShape] = tf.backend_util.computeOutAndReduceShapes(x.shape, axes);
    const count = tf.util.sizeFromShape(reducedShape);
    if (x.dtype !== 'float32' || count < MANY) return stock(params);

    return compose(backend, (ops) => {
      const order = tf.backend_util.getAxesPermutation(axes, x.shape.length);
      const rows = order ? ops.transpose(x, order) : x;
      const out = ops.empty(keepDims ? tf.backend_util.expandShapeToKeepDim(outShape, axes) : outShape);
      const [from, to] = [ops.view(rows), ops.view(out)];
      for (let i = 0; i < to.length; i++) {
        const total = sum(from, i * count, (i + 1) * count);
        to[i] = kind === 'mean' ? total / count : total;
      }
      return out;
    });
  };

function sum(values: ArrayLike<number>, start: number, end: number): number {
  let total = 0;
  for (let i = start; i < end; i++) total += values[i] as number;
  return total;
}
