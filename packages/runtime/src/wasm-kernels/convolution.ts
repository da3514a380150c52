/** The gradients of a convolution, by its filter and by its input. */
import type { KernelFunc } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { compose, input, shape4D } from './compose.ts';

/** Zeros between the rows and columns of dy multiply the work: with more strides than this the naive loop wins. */
const MAX_ZERO_FILL = 4;

/**
 * `Conv2DBackpropFilter`: x [B,H,W,Cin], dy [B,OH,OW,Cout] → [KH,KW,Cin,Cout].
 *
 * Each filter tap is one product dyᵀ · x_tap. To make every x_tap a block of consecutive rows, x is split by the stride
 * into phases of a common grid GH×GW, and dy is padded with zeros to that grid: the pixels that tap (i,j) meets are then
 * the phase (i mod SH, j mod SW) shifted by (i div SH)·GW + (j div SW) rows, and whatever a shift drags in from the next
 * row or image meets a zero of dy. (Gathering the taps into one im2col matrix costs more than its product.)
 */
export const conv2DBackpropFilter: KernelFunc = ({ inputs, backend, attrs }) => {
  const { strides, pad, dataFormat, dimRoundingMode, filterShape } = attrs as unknown as tf.Conv2DBackpropFilterAttrs;
  if (dataFormat !== 'NHWC') throw new Error(`Conv2DBackpropFilter on WASM takes NHWC, not ${dataFormat}.`);
  const x = input(inputs, 'x');
  const conv = tf.backend_util.computeConv2DInfo(shape4D(x.shape), filterShape, strides, 1, pad, dimRoundingMode);
  const { batchSize, outHeight, outWidth, inChannels, outChannels, filterHeight, filterWidth, padInfo } = conv;
  const { strideHeight, strideWidth } = conv;
  const gridHeight = outHeight + Math.floor((filterHeight - 1) / strideHeight);
  const gridWidth = outWidth + Math.floor((filterWidth - 1) / strideWidth);
  const gridSize = batchSize * gridHeight * gridWidth;
  // Grid rows after the last pixel of dy are all zeros; leaving them out keeps every shift within its phase.
  const usedRows = gridSize - (gridHeight - outHeight) * gridWidth - (gridWidth - outWidth);

  return compose(backend, (ops) => {
    const framed = ops.frame(x, [padInfo.top, padInfo.left], [gridHeight * strideHeight, gridWidth * strideWidth]);
    // Two transpositions of rank 3, because one of rank 6 takes WASM's slow general path.
    const rowPhases = ops.swap(framed, [batchSize * gridHeight, strideHeight, gridWidth * strideWidth * inChannels]);
    const pixelPhases = ops.swap(rowPhases, [
      strideHeight * batchSize * gridHeight * gridWidth,
      strideWidth,
      inChannels,
    ]);
    const phases = ops.reshape(pixelPhases, [strideWidth * strideHeight * gridSize, inChannels]);

    const dyGrid = ops.frame(input(inputs, 'dy'), [0, 0], [gridHeight, gridWidth]);
    const dyRows = ops.rows(ops.reshape(dyGrid, [gridSize, outChannels]), 0, usedRows);
    const dyTransposed = ops.transpose(dyRows, [1, 0]);

    const taps = ops.empty([filterHeight * filterWidth, outChannels, inChannels]);
    for (let i = 0; i < filterHeight; i++) {
      for (let j = 0; j < filterWidth; j++) {
        const phase = (j % strideWidth) * strideHeight + (i % strideHeight);
        const shift = Math.floor(i / strideHeight) * gridWidth + Math.floor(j / strideWidth);
        const xTap = ops.rows(phases, phase * gridSize + shift, usedRows);
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
 * around its pixels, with the filter [KH,KW,Cin,Cout] turned by 180° and its channels swapped → dx [B,H,W,Cin].
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
    const { batchSize, outHeight, outWidth, outChannels, strideHeight, strideWidth, filterHeight, filterWidth } = conv;
    if (strideHeight * strideWidth > MAX_ZERO_FILL) return stock(params);

    return compose(backend, (ops) => {
      const columns = ops.spread(dy, [batchSize * outHeight, outWidth, outChannels], strideWidth);
      const spread = ops.spread(columns, [batchSize, outHeight, outWidth * strideWidth * outChannels], strideHeight);
      const pixels = [batchSize, outHeight * strideHeight, outWidth * strideWidth, outChannels];
      const framed = ops.frame(
        ops.reshape(spread, pixels),
        [filterHeight - 1 - conv.padInfo.top, filterWidth - 1 - conv.padInfo.left],
        [conv.inHeight + filterHeight - 1, conv.inWidth + filterWidth - 1],
      );
      const turned = ops.transpose(ops.run(tf.Reverse, { x: filter }, { dims: [0, 1] }), [0, 1, 3, 2]);
      const plain = { strides: [1, 1], pad: 'valid', dataFormat, dilations: [1, 1] };
      return ops.run(tf.Conv2D, { x: framed, filter: turned }, plain);
    });
  };
