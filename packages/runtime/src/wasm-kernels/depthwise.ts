/** The gradients of a depthwise convolution with respect to its filter and its input. */
import type { KernelFunc } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { compose, input, shape4D } from './compose.ts';
import { spreadByStride } from './convolution.ts';
import { tapsOf } from './taps.ts';

/**
 * `DepthwiseConv2dNativeBackpropFilter`: x [B,H,W,C], dy [B,OH,OW,C·M] → [KH,KW,C,M]. For each tap, dy is multiplied by
 * the pixels that the tap meets, and summed by a product with ones.
 */
export const depthwiseBackpropFilter: KernelFunc = ({ inputs, backend, attrs }) => {
  const { strides, pad, dimRoundingMode, filterShape } =
    attrs as unknown as tf.DepthwiseConv2dNativeBackpropFilterAttrs;
  const x = input(inputs, 'x');
  const conv = tf.backend_util.computeConv2DInfo(shape4D(x.shape), filterShape, strides, 1, pad, dimRoundingMode, true);
  const { inChannels, outChannels, filterHeight, filterWidth } = conv;

  return compose(backend, (ops) => {
    const { dy, met } = tapsOf(ops, x, input(inputs, 'dy'), conv);
    const [rows] = dy.shape as [number];
    const dyOfInputs = ops.reshape(dy, [rows, inChannels, outChannels / inChannels]);
    const ones = ops.empty([1, rows]);
    ops.view(ones).fill(1);
    const taps = ops.empty([filterHeight * filterWidth, outChannels]);
    for (let i = 0; i < filterHeight; i++) {
      for (let j = 0; j < filterWidth; j++) {
        const xTap = met(i, j);
        const product = ops.run(tf.Multiply, { a: dyOfInputs, b: ops.reshape(xTap, [rows, inChannels, 1]) });
        const b = ops.reshape(product, [rows, outChannels]);
        const tap = ops.run(tf.BatchMatMul, { a: ones, b }, { transposeA: false, transposeB: false });
        ops.write(tap, taps, i * filterWidth + j);
        ops.release(xTap, product, tap);
      }
    }
    return ops.reshape(taps, filterShape);
  });
};

/**
 * `DepthwiseConv2dNativeBackpropInput` as a forward convolution: dy [B,OH,OW,C·M], spread out by the stride, with the
 * filter [KH,KW,C,M] rotated by 180°, summed over the M outputs of each input → dx [B,H,W,C].
 */
export const depthwiseBackpropInput: KernelFunc = ({ inputs, backend, attrs }) => {
  const { strides, pad, dimRoundingMode, inputShape } = attrs as unknown as tf.DepthwiseConv2dNativeBackpropInputAttrs;
  const filter = input(inputs, 'filter');
  const filterShape = shape4D(filter.shape);
  const conv = tf.backend_util.computeConv2DInfo(inputShape, filterShape, strides, 1, pad, dimRoundingMode, true);
  const { outChannels, filterHeight, filterWidth } = conv;

  return compose(backend, (ops) => {
    const framed = spreadByStride(ops, input(inputs, 'dy'), conv);
    const turned = ops.run(tf.Reverse, { x: filter }, { dims: [0, 1] });
    const single = ops.reshape(turned, [filterHeight, filterWidth, outChannels, 1]);
    const plain = { strides: [1, 1], pad: 'valid', dataFormat: 'NHWC', dilations: [1, 1] };
    const dx = ops.run(tf.DepthwiseConv2dNative, { x: framed, filter: single }, plain);
    const multiplier = outChannels / conv.inChannels;
    if (multiplier === 1) return dx;
    return ops.run(tf.Sum, { x: ops.reshape(dx, [...inputShape, multiplier]) }, { axis: [4], keepDims: false });
  });
};
