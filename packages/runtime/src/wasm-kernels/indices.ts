/** Kernels that select rows by index. */
import type { KernelFunc } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { compose, input } from './compose.ts';

/**
 * `UnsortedSegmentSum`: x [...ids, ...rest], segmentIds [...ids] → [numSegments, ...rest]; ids outside 0..numSegments-1
 * are dropped. `ScatterNd` adds up rows with the same index but does not check it, so every id out of range is sent to
 * a spare row before or after the segments.
 */
export const unsortedSegmentSum: KernelFunc = ({ inputs, backend, attrs }) => {
  const x = input(inputs, 'x');
  const segmentIds = input(inputs, 'segmentIds');
  const { numSegments } = attrs as unknown as tf.UnsortedSegmentSumAttrs;
  const rest = x.shape.slice(segmentIds.shape.length);
  const count = tf.util.sizeFromShape(segmentIds.shape);
  const size = tf.util.sizeFromShape(rest);

  return compose(backend, (ops) => {
    const clipped = ops.run(tf.Minimum, {
      a: ops.run(tf.Maximum, { a: segmentIds, b: ops.int(-1) }),
      b: ops.int(numSegments),
    });
    const indices = ops.reshape(ops.run(tf.Add, { a: clipped, b: ops.int(1) }), [count, 1]);
    const updates = ops.reshape(x, [count, size]);
    const sums = ops.run(tf.ScatterNd, { indices, updates }, { shape: [numSegments + 2, size] });
    return ops.reshape(ops.rows(sums, 1, numSegments), [numSegments, ...rest]);
  });
};

/**
 * `OneHot`: indices int32 [...] → [...,depth], with `offValue` everywhere for an index outside 0..depth-1. The stock
 * kernel writes int32 whichever dtype is requested: for float32 that gives 1e-45 instead of 1, and for bool it writes
 * beyond the tensor's memory.
 */
export const oneHot: KernelFunc = ({ inputs, backend, attrs }) => {
  const indices = input(inputs, 'indices');
  const { depth, onValue, offValue, dtype } = attrs as unknown as tf.OneHotAttrs;
  return compose(backend, (ops) => {
    const out = ops.empty([...indices.shape, depth], dtype);
    const values = ops.view(out).fill(offValue);
    for (const [row, index] of ops.view(indices).entries()) {
      if (index >= 0 && index < depth) values[row * depth + index] = onValue;
    }
    return out;
  });
};
