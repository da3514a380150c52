/** The pixels that each tap of a filter meets, for the gradients of filters. */
import type { backend_util, TensorInfo } from '@tensorflow/tfjs-core';
import type { Ops } from './compose.ts';

export interface Taps {
  /** Rows of dy, one per pixel, `[N, OC]`, with rows of zeros between some of them. */
  readonly dy: TensorInfo;
  /** The pixels of x that tap (i, j) of the filter meets, one for each row of dy: a new `[N, IC]`. */
  met(i: number, j: number): TensorInfo;
}

/**
 * Lays out x [B,H,W,IC] and dy [B,OH,OW,OC] so that the pixels that a tap meets are a block of consecutive rows: x is
 * split by the stride into phases of a common grid GH×GW, and dy is padded with zeros to that grid. The pixels that tap
 * (i,j) meets are then the phase (i mod SH, j mod SW) shifted by (i div SH)·GW + (j div SW) rows, and any pixel that a
 * shift brings in from the next row or image meets a zero of dy. (Gathering the taps into one im2col matrix costs more
 * than its product.)
 */
export function tapsOf(ops: Ops, x: TensorInfo, dy: TensorInfo, conv: backend_util.Conv2DInfo): Taps {
  const { batchSize, outHeight, outWidth, inChannels, outChannels, filterHeight, filterWidth, padInfo } = conv;
  const { strideHeight, strideWidth } = conv;
  const gridHeight = outHeight + Math.floor((filterHeight - 1) / strideHeight);
  const gridWidth = outWidth + Math.floor((filterWidth - 1) / strideWidth);
  const gridSize = batchSize * gridHeight * gridWidth;
  // Grid rows after the last pixel of dy are all zeros; leaving them out keeps every shift within its phase.
  const usedRows = gridSize - (gridHeight - outHeight) * gridWidth - (gridWidth - outWidth);

  const framed = ops.frame(x, [padInfo.top, padInfo.left], [gridHeight * strideHeight, gridWidth * strideWidth]);
  // Two transpositions of rank 3, because one of rank 6 takes WASM's slow general path.
  const rowPhases = ops.swap(framed, [batchSize * gridHeight, strideHeight, gridWidth * strideWidth * inChannels]);
  const pixelPhases = ops.swap(rowPhases, [strideHeight * batchSize * gridHeight * gridWidth, strideWidth, inChannels]);
  const phases = ops.reshape(pixelPhases, [strideWidth * strideHeight * gridSize, inChannels]);
  const dyGrid = ops.frame(dy, [0, 0], [gridHeight, gridWidth]);
  return {
    dy: ops.rows(ops.reshape(dyGrid, [gridSize, outChannels]), 0, usedRows),
    met(i, j) {
      const phase = (j % strideWidth) * strideHeight + (i % strideHeight);
      const shift = Math.floor(i / strideHeight) * gridWidth + Math.floor(j / strideWidth);
      return ops.rows(phases, phase * gridSize + shift, usedRows);
    },
  };
}
