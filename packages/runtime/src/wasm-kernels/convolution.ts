/** The gradients of a convolution with respect to its filter and its input. */
import type { KernelFunc, TensorInfo } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { compose, input, type Ops, shape4D } from './compose.ts';
import { tapsOf } from './taps.ts';

/**
 * Zeros between the rows and columns of dy multiply the work: if the strides multiply to more than this, the naive loop
 * is faster.
 */
const MAX_ZERO_FILL = 4;

/**
 * `Conv2DBackpropFilter`: x [B,H,W,Cin], dy [B,OH,OW,Cout] → [KH,KW,Cin,Cout], with one product dyᵀ · x_tap for each
 * tap.
 */
export const conv2DBackpropFilter: KernelFunc = ({ inputs, backend, attrs }) => {
  const { strides, pad, dataFormat, dimRoundingMode, filterShape } = attrs as unknown as tf.Conv2DBackpropFilterAttrs;
  if (dataFormat !== 'NHWC') throw new Error(`Conv2DBackpropFilter on WASM takes NHWC, not ${dataFormat}.`);
  const x = input(inputs, 'x');
  const conv = tf.backend_util.computeConv2DInfo(shape4D(x.shape), filterShape, strides, 1, pad, dimRoundingMode);
  const { inChannels, outChannels, filterHeight, filterWidth } = conv;

  return compose(backend, (ops) => {
    const { dy, met } = tapsOf(ops, x, input(inputs, 'dy'), conv);
    const dyTransposed = ops.transpose(dy, [1, 0]);
    const taps = ops.empty([filterHeight * filterWidth, outChannels, inChannels]);
    for (let i = 0; i < filterHeight; i++) {
      for (let j = 0; j < filterWidth; j++) {
        const xTap = met(i, j);
        const tap = ops.run(tf.BatchMatMul, { a: dyTransposed, b: xTap }, { transposeA: false, transposeB: false });
        ops.write(tap, taps, i * filterWidth + j);
        ops.release(xTap, tap);
      }
    }
    return ops.reshape(ops.transpose(taps, [0, 2, 1]), filterShape);
  });
};

/**
 * `Conv2DBackpropInput` as a forward convolution: dy [B,OH,OW,Cout], spread out by the stride with zeros between and
 * around its pixels, with the filter [KH,KW,Cin,Cout] rotated by 180° and its channels swapped → dx [B,H,W,Cin].
 */
export const quickConv2DBackpropInput =
  (stock: KernelFunc): KernelFunc =>
  (params) => {
    const { inputs, backend, attrs } = params;
    const { strides, pad, dataFormat, dimRoundingMode, inputShape } = attrs as unknown as tf.Conv2DBackpropInputAttrs;
    if (dataFormat !== 'NHWC') return stock(params);
    const dy = input(inputs, 'dy');
    const filter = input(inputs, 'filter');
    const conv = tf.backend_util.computeConv2DInfo(inputShape, shape4D(filter.shape), strides, 1, pad, dimRoundingMode);
    if (conv.strideHeight * conv.strideWidth > MAX_ZERO_FILL) return stock(params);

    return compose(backend, (ops) => {
      const framed = spreadByStride(ops, dy, conv);
      const turned = ops.transpose(ops.run(tf.Reverse, { x: filter }, { dims: [0, 1] }), [0, 1, 3, 2]);
      const plain = { strides: [1, 1], pad: 'valid', dataFormat, dilations: [1, 1] };
      return ops.run(tf.Conv2D, { x: framed, filter: turned }, plain);
    });
  };

/**
 * Spreads out dy [B,OH,OW,OC] by the stride, with zeros between and around its pixels: the rotated filter, moved over
 * it pixel by pixel, gives the gradient of the input.
 */
export function spreadByStride(ops: Ops, dy: TensorInfo, conv: tf.backend_util.Conv2DInfo): TensorInfo {
  const { batchSize, outHeight, outWidth, outChannels, strideHeight, strideWidth, filterHeight, filterWidth } = conv;
  const columns = ops.spread(dy, [batchSize * outHeight, outWidth, outChannels], strideWidth);
  const spread = ops.spread(columns, [batchSize, outHeight, outWidth * strideWidth * outChannels], strideHeight);
  const pixels = [batchSize, outHeight * strideHeight, outWidth * strideWidth, outChannels];
  return ops.frame(
    ops.reshape(spread, pixels),
    [filterHeight - 1 - conv.padInfo.top, filterWidth - 1 - conv.padInfo.left],
    [conv.inHeight + filterHeight - 1, conv.inWidth + filterWidth - 1],
  );
}
