/** Elements as checkpoints store them, little-endian, and the arrays that they are read into. */

/** Bytes per element of the types that can be read. */
export const bytesPerElement = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U8: 1,
  BOOL: 1,
} as const;
/** An element type that can be read, under its name in safetensors. */
export type StoredDtype = keyof typeof bytesPerElement;

/** Elements in memory; `BOOL` is stored as 0 or 1. */
export type Elements =
  | { readonly dtype: 'F32'; readonly data: Float32Array }
  | { readonly dtype: 'F64'; readonly data: Float64Array }
  | { readonly dtype: 'I32'; readonly data: Int32Array }
  | { readonly dtype: 'U8' | 'BOOL'; readonly data: Uint8Array };

/** A tensor with its data in row-major order. */
export type SafeTensor = { readonly shape: readonly number[] } & Elements;

/**
 * Reads bytes as an array: F16 and BF16 become `F32`; I64, I16 and I8 become `I32`; the other types are kept, as views
 * of `bytes` where these are aligned. Numbers are little-endian in the file and, wherever Node or a browser runs, in
 * memory.
 *
 * @param fail makes the error for an I64 value that does not fit 32 bits; its message follows the name of the tensor
 */
export function readElements(dtype: StoredDtype, bytes: Uint8Array, fail: (message: string) => Error): Elements {
  switch (dtype) {
    case 'F32':
      return { dtype, data: view(Float32Array, bytes) };
    case 'F64':
      return { dtype, data: view(Float64Array, bytes) };
    case 'I32':
      return { dtype, data: view(Int32Array, bytes) };
    case 'U8':
    case 'BOOL':
      return { dtype, data: view(Uint8Array, bytes) };
    case 'F16':
      return { dtype: 'F32', data: widenHalves(view(Uint16Array, bytes)) };
    case 'BF16':
      return { dtype: 'F32', data: widenBrainHalves(view(Uint16Array, bytes)) };
    case 'I64':
      return { dtype: 'I32', data: Int32Array.from(view(BigInt64Array, bytes), (value) => narrow(value, fail)) };
    case 'I16':
      return { dtype: 'I32', data: Int32Array.from(view(Int16Array, bytes)) };
    case 'I8':
      return { dtype: 'I32', data: Int32Array.from(view(Int8Array, bytes)) };
  }
}

interface ArrayType<A> {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): A;
}

/** Views the bytes as another typed array; copies them only if they do not start at a multiple of the element size. */
export function view<A>(type: ArrayType<A>, bytes: Uint8Array): A {
  // `slice` would not do, because it makes no copy of a Buffer.
  const aligned = bytes.byteOffset % type.BYTES_PER_ELEMENT === 0 ? bytes : new Uint8Array(bytes);
  return new type(aligned.buffer, aligned.byteOffset, aligned.length / type.BYTES_PER_ELEMENT);
}

// Loops, because `from` with a function takes seconds for the weights of a model.

function widenHalves(halves: Uint16Array): Float32Array {
  halfValues ??= Float32Array.from({ length: 2 ** 16 }, (_, half) => halfToNumber(half));
  const values = new Float32Array(halves.length);
  for (let i = 0; i < halves.length; i++) values[i] = halfValues[halves[i] as number] as number;
  return values;
}

/** The value of every half float, computed when first needed. */
let halfValues: Float32Array | undefined;

/** A bfloat16 is the upper half of a float32. */
function widenBrainHalves(halves: Uint16Array): Float32Array {
  const bits = new Uint32Array(halves.length);
  for (let i = 0; i < halves.length; i++) bits[i] = (halves[i] as number) << 16;
  return new Float32Array(bits.buffer);
}

function halfToNumber(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

function narrow(value: bigint, fail: (message: string) => Error): number {
  if (BigInt.asIntN(32, value) !== value) {
    throw fail(`holds the I64 value ${value}, which does not fit 32 bits: store it as F64`);
  }
  return Number(value);
}
