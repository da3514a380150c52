/**
 * Makes the WASM backend able to train.
 *
 * Stock tfjs-backend-wasm 4.22 is built for inference. It has no `Conv2DBackpropFilter` and no `UnsortedSegmentSum`
 * (the gradients of a convolution's filter and of `gather`), and three of the kernels it does have run a naive loop of
 * 2 to 4 GFLOP/s where XNNPACK reaches 13 to 35: products with a transposed operand, products of more than one matrix,
 * and `Conv2DBackpropInput`. Everything here is composed from its quick kernels.
 */
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import type { KernelFunc, NamedAttrMap, NamedTensorInfoMap, TensorInfo } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';

const WASM = 'wasm';

/** Below this many multiply-adds a matrix, setting up XNNPACK costs more than the naive loop takes. */
const SMALL_PRODUCT = 8192;

/** Zeros between the rows and columns of dy multiply the work: with more strides than this the naive loop wins. */
const MAX_ZERO_FILL = 4;

let registered = false;

/**
 * Registers the missing kernels for the backend `wasm`, and quicker ones in place of the slow. Call it after
 * `@tensorflow/tfjs-backend-wasm` is imported; before or after `setBackend`, and more than once, are both fine.
 */
export function registerTrainingKernels(): void {
  if (registered) return;
  wrapKernel(tf.BatchMatMul, quickProduct);
  wrapKernel(tf._FusedMatMul, quickProduct);
  wrapKernel(tf.Conv2DBackpropInput, quickConv2DBackpropInput);
  tf.registerKernel({ kernelName: tf.Conv2DBackpropFilter, backendName: WASM, kernelFunc: conv2DBackpropFilter });
  tf.registerKernel({ kernelName: tf.UnsortedSegmentSum, backendName: WASM, kernelFunc: unsortedSegmentSum });
  registered = true;
}

/** Replaces a stock kernel, keeping its set-up: the stock function stays in use inside the new one. */
function wrapKernel(kernelName: string, wrap: (stock: KernelFunc) => KernelFunc): void {
  const stock = tf.getKernel(kernelName, WASM);
  if (!stock) throw new Error(`No ${kernelName} on WASM: import @tensorflow/tfjs-backend-wasm before this call.`);
  tf.unregisterKernel(kernelName, WASM);
  tf.registerKernel({ ...stock, kernelFunc: wrap(stock.kernelFunc) });
}

/**
 * `Conv2DBackpropFilter`: x [B,H,W,Cin], dy [B,OH,OW,Cout] → [KH,KW,Cin,Cout].
 *
 * Each filter tap is one product dyᵀ · x_tap. To make every x_tap a block of consecutive rows, x is split by the stride
 * into phases of a common grid GH×GW, and dy is padded with zeros to that grid: the pixels that tap (i,j) meets are then
 * the phase (i mod SH, j mod SW) shifted by (i div SH)·GW + (j div SW) rows, and whatever a shift drags in from the next
 * row or image meets a zero of dy. (Gathering the taps into one im2col matrix costs more than its product.)
 */
const conv2DBackpropFilter: KernelFunc = ({ inputs, backend, attrs }) => {
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
const quickConv2DBackpropInput =
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

/**
 * `UnsortedSegmentSum`: x [...ids, ...rest], segmentIds [...ids] → [numSegments, ...rest]; ids outside
 * 0..numSegments-1 are dropped. `ScatterNd` adds up rows of equal index but does not check it, so every id that is out
 * of range goes to a spare row before or after the segments.
 */
const unsortedSegmentSum: KernelFunc = ({ inputs, backend, attrs }) => {
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
 * `BatchMatMul` and `_FusedMatMul`: a [...,M,K] · b [...,K,N] → [...,M,N], or either operand transposed. XNNPACK serves
 * one untransposed pair of matrices, so operands are transposed first and a batch is taken matrix by matrix.
 */
const quickProduct =
  (stock: KernelFunc): KernelFunc =>
  (params) => {
    const { inputs, backend, attrs } = params;
    const a = input(inputs, 'a');
    const b = input(inputs, 'b');
    const { transposeA, transposeB } = attrs as unknown as tf.BatchMatMulAttrs;
    const [m, k] = matrixShape(a, transposeA);
    const [, n] = matrixShape(b, transposeB);
    const [shapeA, shapeB] = [a.shape.slice(0, -2), b.shape.slice(0, -2)];
    const batchShape = tf.broadcast_util.assertAndGetBroadcastShape(shapeA, shapeB);
    const [batchA, batchB, batch] = [shapeA, shapeB, batchShape].map(tf.util.sizeFromShape) as [number, number, number];
    if ([batchA, batchB].some((count) => count !== 1 && count !== batch)) {
      throw new Error(`${a.shape} · ${b.shape}: WASM repeats a whole batch or none of it; tile the operands first.`);
    }
    const isQuick = batch === 0 || (batch === 1 && !transposeA && !transposeB);
    // PReLU weights may differ along the batch; nothing in training fuses them.
    if (isQuick || m * k * n < SMALL_PRODUCT || inputs.preluActivationWeights) return stock(params);

    return compose(backend, (ops) => {
      const left = ops.matrices(a, transposeA);
      const right = ops.matrices(b, transposeB);
      const multiply = (a: TensorInfo, b: TensorInfo): TensorInfo =>
        ops.keep(
          stock({ inputs: { ...inputs, a, b }, backend, attrs: { ...attrs, transposeA: false, transposeB: false } }),
        );
      if (batch === 1) return ops.reshape(multiply(left, right), [...batchShape, m, n]);

      const out = ops.empty([batch, m, n]);
      for (let i = 0; i < batch; i++) {
        const leftMatrix = ops.rows(left, batchA === 1 ? 0 : i, 1);
        const rightMatrix = ops.rows(right, batchB === 1 ? 0 : i, 1);
        const product = multiply(leftMatrix, rightMatrix);
        ops.write(product, out, i);
        ops.release(leftMatrix, rightMatrix, product);
      }
      return ops.reshape(out, [...batchShape, m, n]);
    });
  };

/** Runs `build` and disposes every tensor that it made on the way, whether it succeeds or throws; its result stays. */
function compose(backend: object, build: (ops: Ops) => TensorInfo): TensorInfo {
  const ops = new Ops(backend as BackendWasm);
  try {
    return ops.giveAway(build(ops));
  } finally {
    ops.releaseAll();
  }
}

/** The steps that kernels are composed of. Each returns a new tensor, held here until it is released or given away. */
class Ops {
  private readonly held = new Set<TensorInfo>();

  constructor(private readonly backend: BackendWasm) {}

  run(kernelName: string, inputs: NamedTensorInfoMap, attrs?: NamedAttrMap): TensorInfo {
    const { kernelFunc } = tf.getKernel(kernelName, WASM);
    return this.keep(
      attrs ? kernelFunc({ inputs, backend: this.backend, attrs }) : kernelFunc({ inputs, backend: this.backend }),
    );
  }

  reshape(x: TensorInfo, shape: number[]): TensorInfo {
    return this.run(tf.Reshape, { x }, { shape });
  }

  transpose(x: TensorInfo, perm: number[]): TensorInfo {
    return this.run(tf.Transpose, { x }, { perm });
  }

  /** x of any shape, seen as [A,B,C] → [B,A,C]. */
  swap(x: TensorInfo, shape: [number, number, number]): TensorInfo {
    return this.transpose(this.reshape(x, shape), [1, 0, 2]);
  }

  /** x [...,R,C] → [batch,R,C], or [batch,C,R] if `transposed`. */
  matrices(x: TensorInfo, transposed: boolean): TensorInfo {
    const stack = this.reshape(x, [tf.util.sizeFromShape(x.shape.slice(0, -2)), ...x.shape.slice(-2)]);
    return transposed ? this.transpose(stack, [0, 2, 1]) : stack;
  }

  /** x of any shape, seen as [A,N,C] → [A,N,step,C]: each [C] is followed by `step - 1` times as many zeros. */
  spread(x: TensorInfo, [a, n, c]: [number, number, number], step: number): TensorInfo {
    const single = this.reshape(x, [a * n, 1, c]);
    return step === 1
      ? single
      : this.pad(single, [
          [0, 0],
          [0, step - 1],
          [0, 0],
        ]);
  }

  /** Places x [B,H,W,C] at `offset` in a field of zeros: → [B,...size,C]. What falls outside is cut off. */
  frame(x: TensorInfo, offset: [number, number], size: [number, number]): TensorInfo {
    const [batch, height, width, channels] = shape4D(x.shape);
    const [top, left] = offset;
    const [bottom, right] = [size[0] - top - height, size[1] - left - width];
    const margins = [
      [0, 0],
      [Math.max(top, 0), Math.max(bottom, 0)],
      [Math.max(left, 0), Math.max(right, 0)],
      [0, 0],
    ];
    const padded = Math.max(top, bottom, left, right) > 0 ? this.pad(x, margins) : x;
    if (Math.min(top, bottom, left, right) >= 0) return padded;
    const begin = [0, Math.max(-top, 0), Math.max(-left, 0), 0];
    return this.run(tf.Slice, { x: padded }, { begin, size: [batch, ...size, channels] });
  }

  /** Rows start..start+count-1 along the first axis. The stock `Slice` copies all of x first. */
  rows(x: TensorInfo, start: number, count: number): TensorInfo {
    const [, ...rest] = x.shape;
    const size = tf.util.sizeFromShape(rest);
    const out = this.empty([count, ...rest], x.dtype);
    // Views come after every allocation: a heap that grows detaches the earlier ones.
    const from = this.backend.typedArrayFromHeap(x);
    this.backend.typedArrayFromHeap(out).set(from.subarray(start * size, (start + count) * size));
    return out;
  }

  /** Copies x into `out`, at the index-th place for something of its size. */
  write(x: TensorInfo, out: TensorInfo, index: number): void {
    this.backend
      .typedArrayFromHeap(out)
      .set(this.backend.typedArrayFromHeap(x), index * tf.util.sizeFromShape(x.shape));
  }

  /** A tensor of undefined content, to be written. */
  empty(shape: number[], dtype: tf.DataType = 'float32'): TensorInfo {
    return this.keep(this.backend.makeOutput(shape, dtype));
  }

  int(value: number): TensorInfo {
    return this.keep(this.backend.makeOutput([], 'int32', undefined, Int32Array.of(value)));
  }

  keep(result: TensorInfo | TensorInfo[]): TensorInfo {
    if (Array.isArray(result)) throw new Error('A composed kernel expects one output of each step.');
    this.held.add(result);
    return result;
  }

  release(...tensors: TensorInfo[]): void {
    for (const tensor of tensors) if (this.held.delete(tensor)) this.backend.disposeData(tensor.dataId);
  }

  releaseAll(): void {
    this.release(...this.held);
  }

  giveAway(result: TensorInfo): TensorInfo {
    this.held.delete(result);
    return result;
  }

  private pad(x: TensorInfo, paddings: number[][]): TensorInfo {
    return this.run(tf.PadV2, { x }, { paddings, constantValue: 0 });
  }
}

function input(inputs: NamedTensorInfoMap, name: string): TensorInfo {
  const tensor = inputs[name];
  if (!tensor) throw new Error(`Missing kernel input ${name}.`);
  return tensor;
}

function shape4D(shape: number[]): [number, number, number, number] {
  const [a, b, c, d] = shape;
  if (shape.length !== 4 || a === undefined || b === undefined || c === undefined || d === undefined) {
    throw new Error(`Expected a shape of rank 4, got [${shape}].`);
  }
  return [a, b, c, d];
}

/** Rows and columns of the matrices in x, after the transposition. */
function matrixShape(x: TensorInfo, transposed: boolean): [number, number] {
  const [rows, columns] = x.shape.slice(-2);
  if (rows === undefined || columns === undefined) throw new Error(`Expected matrices, got shape [${x.shape}].`);
  return transposed ? [columns, rows] : [rows, columns];
}
