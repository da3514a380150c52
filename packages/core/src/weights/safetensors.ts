/**
 * The safetensors file format: 8 bytes with the length of a JSON header, the header, then the tensors' bytes.
 *
 * Format and rules: https://github.com/huggingface/safetensors (README, "Format"). The reader trusts nothing: whatever
 * the bytes are, it returns tensors or throws a SafetensorsError, and the arrays it allocates take at most twice their
 * size. Numbers are little-endian in the file and, wherever Node or a browser runs, in memory.
 */
import {
  bytesPerElement,
  type HeaderEntry,
  isSizes,
  metadataKey,
  readHeader,
  SafetensorsError,
} from './safetensors-header.ts';

export { SafetensorsError } from './safetensors-header.ts';

/** A tensor with its data row by row; `BOOL` holds 0 or 1. */
export type SafeTensor = { readonly shape: readonly number[] } & (
  | { readonly dtype: 'F32'; readonly data: Float32Array }
  | { readonly dtype: 'F64'; readonly data: Float64Array }
  | { readonly dtype: 'I32'; readonly data: Int32Array }
  | { readonly dtype: 'U8' | 'BOOL'; readonly data: Uint8Array }
);

export interface SafetensorsFile {
  readonly tensors: ReadonlyMap<string, SafeTensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Reads a whole file. F16 and BF16 become `F32`, I64 becomes `I32`; the others stay what they are. Arrays are views of
 * `bytes` where these are aligned, else copies: change neither afterwards.
 *
 * @throws SafetensorsError naming the tensor: bad header, ranges with holes or overlaps, a size that does not match, an
 *   I64 value beyond 32 bits
 */
export function readSafetensors(bytes: Uint8Array): SafetensorsFile {
  const { entries, metadata, dataStart } = readHeader(bytes);
  const tensors = new Map<string, SafeTensor>();
  for (const entry of entries) {
    tensors.set(entry.name, readTensor(entry, bytes.subarray(dataStart + entry.begin, dataStart + entry.end)));
  }
  return { tensors, metadata };
}

function readTensor({ name, dtype, shape }: HeaderEntry, bytes: Uint8Array): SafeTensor {
  switch (dtype) {
    case 'F32':
      return { dtype, shape, data: view(Float32Array, bytes) };
    case 'F64':
      return { dtype, shape, data: view(Float64Array, bytes) };
    case 'I32':
      return { dtype, shape, data: view(Int32Array, bytes) };
    case 'U8':
    case 'BOOL':
      return { dtype, shape, data: bytes };
    case 'F16':
      return { dtype: 'F32', shape, data: Float32Array.from(view(Uint16Array, bytes), halfToNumber) };
    case 'BF16': {
      // A bfloat16 is the upper half of a float32.
      const bits = Uint32Array.from(view(Uint16Array, bytes), (half) => half << 16);
      return { dtype: 'F32', shape, data: new Float32Array(bits.buffer) };
    }
    case 'I64':
      return { dtype: 'I32', shape, data: Int32Array.from(view(BigInt64Array, bytes), (value) => narrow(value, name)) };
  }
}

interface ArrayType<A> {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): A;
}

/** The bytes as another typed array; copied only when they do not start at a multiple of the element size. */
function view<A>(type: ArrayType<A>, bytes: Uint8Array): A {
  const aligned = bytes.byteOffset % type.BYTES_PER_ELEMENT === 0 ? bytes : bytes.slice();
  return new type(aligned.buffer, aligned.byteOffset, aligned.length / type.BYTES_PER_ELEMENT);
}

function halfToNumber(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

function narrow(value: bigint, name: string): number {
  if (BigInt.asIntN(32, value) !== value) {
    throw new SafetensorsError(`holds the I64 value ${value}, which does not fit 32 bits: store it as F64`, name);
  }
  return Number(value);
}

const arrayOf = { F32: Float32Array, F64: Float64Array, I32: Int32Array, U8: Uint8Array, BOOL: Uint8Array } as const;

/**
 * A file with these tensors. Types of wide elements come first, in the order given otherwise, so that every tensor is
 * aligned; the same input gives the same bytes.
 *
 * @param metadata strings to keep along, such as a format version
 * @throws SafetensorsError naming the tensor whose data does not fit its shape or type
 */
export function writeSafetensors(
  tensors: ReadonlyMap<string, SafeTensor>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const ordered = [...tensors].sort(([, a], [, b]) => bytesPerElement[b.dtype] - bytesPerElement[a.dtype]);
  const entries: [string, unknown][] = Object.keys(metadata).length > 0 ? [[metadataKey, metadata]] : [];
  let size = 0;
  for (const [name, tensor] of ordered) {
    requireWritable(name, tensor);
    const { dtype, shape, data } = tensor;
    entries.push([name, { dtype, shape, data_offsets: [size, size + data.byteLength] }]);
    size += data.byteLength;
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(entries)));
  // Spaces after the JSON bring the data to a multiple of 8.
  const headerSize = Math.ceil(json.length / 8) * 8;
  const file = new Uint8Array(8 + headerSize + size).fill(0x20, 8, 8 + headerSize);
  new DataView(file.buffer).setBigUint64(0, BigInt(headerSize), true);
  file.set(json, 8);
  let position = 8 + headerSize;
  for (const [, { data }] of ordered) {
    file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), position);
    position += data.byteLength;
  }
  return file;
}

function requireWritable(name: string, { dtype, shape, data }: SafeTensor): void {
  if (name === metadataKey) throw new SafetensorsError('cannot be written: the name is reserved for metadata', name);
  if (!isSizes(shape)) throw new SafetensorsError(`has shape [${shape}]: expected whole numbers >= 0`, name);
  if (!(data instanceof arrayOf[dtype])) {
    throw new SafetensorsError(`has dtype ${dtype}, but its data is no ${arrayOf[dtype].name}`, name);
  }
  const size = shape.reduce((product, axis) => product * axis, 1);
  if (size !== data.length) {
    throw new SafetensorsError(`has ${data.length} elements, but shape [${shape}] needs ${size}`, name);
  }
}
