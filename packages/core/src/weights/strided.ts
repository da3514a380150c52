/** Copies elements of strided views in row-major order. */

export type Words = Uint8Array | Uint16Array | Uint32Array;

/** The elements of an array that a tensor consists of; strides and offset count elements, as in PyTorch. */
export interface StridedView {
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  readonly offset: number;
}

/** Number of elements of a shape. Without the check, Infinity times a zero axis would be NaN. */
export const sizeOf = (shape: readonly number[]): number =>
  shape.includes(0) ? 0 : shape.reduce((product, axis) => product * axis, 1);

/** The strides of a contiguous tensor in row-major order. */
export function rowMajorStrides(shape: readonly number[]): number[] {
  let stride = 1;
  return shape
    .map((_, i) => {
      const size = shape[shape.length - 1 - i] as number;
      const current = stride;
      stride *= size;
      return current;
    })
    .reverse();
}

/**
 * Copies the elements of a view in row-major order. They are copied as bits, so that every NaN is preserved exactly.
 */
export function gather(target: Words, source: Words, { shape, strides, offset }: StridedView): void {
  const index = shape.map(() => 0);
  let from = offset;
  for (let to = 0; to < target.length; to++) {
    target[to] = source[from] as number;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const stride = strides[axis] as number;
      const size = shape[axis] as number;
      const next = (index[axis] as number) + 1;
      if (next < size) {
        index[axis] = next;
        from += stride;
        break;
      }
      index[axis] = 0;
      from -= stride * (size - 1);
    }
  }
}

/**
 * Permutes the axes of a tensor like `numpy.transpose(x, axes)`: axis i of the result is axis `axes[i]` of the input.
 */
export function permute(data: Float32Array, shape: readonly number[], axes: readonly number[]): Float32Array {
  const strides = rowMajorStrides(shape);
  const permuted = new Float32Array(data.length);
  const bits = (array: Float32Array) => new Uint32Array(array.buffer, array.byteOffset, array.length);
  gather(bits(permuted), bits(data), {
    shape: axes.map((axis) => shape[axis] as number),
    strides: axes.map((axis) => strides[axis] as number),
    offset: 0,
  });
  return permuted;
}
