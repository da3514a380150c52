/** Composes kernels of the WASM backend from its existing ones. */
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import type { NamedAttrMap, NamedTensorInfoMap, TensorInfo } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';

/** Name of the backend in tfjs. */
export const WASM = 'wasm';

/**
 * Runs `build` and disposes every intermediate tensor that it created, whether it succeeds or throws; its result stays.
 */
export function compose(backend: object, build: (ops: Ops) => TensorInfo): TensorInfo {
  const ops = new Ops(backend as BackendWasm);
  try {
    return ops.giveAway(build(ops));
  } finally {
    ops.releaseAll();
  }
}

/**
 * The steps from which kernels are composed. Each returns a new tensor, which is tracked here until it is released or
 * given away.
 */
export class Ops {
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

  /** Swaps axes: x of any shape, seen as [A,B,C] → [B,A,C]. */
  swap(x: TensorInfo, shape: [number, number, number]): TensorInfo {
    return this.transpose(this.reshape(x, shape), [1, 0, 2]);
  }

  /** Stacks matrices: x [...,R,C] → [batch,R,C], or [batch,C,R] if `transposed`. */
  matrices(x: TensorInfo, transposed: boolean): TensorInfo {
    const stack = this.reshape(x, [tf.util.sizeFromShape(x.shape.slice(0, -2)), ...x.shape.slice(-2)]);
    return transposed ? this.transpose(stack, [0, 2, 1]) : stack;
  }

  /**
   * Inserts zeros: x of any shape, seen as [A,N,C] → [A,N,step,C], where each [C] is followed by `step - 1` times as
   * many zeros.
   */
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

  /** Places x [B,H,W,C] at `offset` in a field of zeros: → [B,...size,C]. Anything outside is cut off. */
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
    const from = this.view(x);
    this.view(out).set(from.subarray(start * size, (start + count) * size));
    return out;
  }

  /** Copies x into `out`, as the index-th block of its size. */
  write(x: TensorInfo, out: TensorInfo, index: number): void {
    this.view(out).set(this.view(x), index * tf.util.sizeFromShape(x.shape));
  }

  /** Creates a tensor of undefined content, to be written. */
  empty(shape: number[], dtype: tf.DataType = 'float32'): TensorInfo {
    return this.keep(this.backend.makeOutput(shape, dtype));
  }

  /**
   * The values of x in WASM's memory. Call it after every allocation: when the heap grows, earlier views are detached.
   */
  view(x: TensorInfo): Float32Array | Int32Array | Uint8Array {
    return this.backend.typedArrayFromHeap(x);
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

export function input(inputs: NamedTensorInfoMap, name: string): TensorInfo {
  const tensor = inputs[name];
  if (!tensor) throw new Error(`Missing kernel input ${name}.`);
  return tensor;
}

export function shape4D(shape: number[]): [number, number, number, number] {
  const [a, b, c, d] = shape;
  if (shape.length !== 4 || a === undefined || b === undefined || c === undefined || d === undefined) {
    throw new Error(`Expected a shape of rank 4, got [${shape}].`);
  }
  return [a, b, c, d];
}
