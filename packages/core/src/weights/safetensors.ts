/**
 * The safetensors file format: 8 bytes with the length of a JSON header, the header, then the tensors' bytes.
 *
 * Format and rules: https://github.com/huggingface/safetensors (README, "Format"). The reader trusts nothing: whatever
 * the bytes are, it returns tensors or throws a SafetensorsError, and the arrays that it allocates take at most four
 * times their size.
 */
import { bytesPerElement, readElements, type SafeTensor } from './elements.ts';
import { isSizes, metadataKey, readHeader, SafetensorsError } from './safetensors-header.ts';

export type { SafeTensor } from './elements.ts';
export { SafetensorsError } from './safetensors-header.ts';

/** The contents of a safetensors file. */
export interface SafetensorsFile {
  readonly tensors: ReadonlyMap<string, SafeTensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Reads a complete file. F16 and BF16 become `F32`; I64, I16 and I8 become `I32`; the other types are kept. Arrays are
 * views of `bytes` where these are aligned, and copies otherwise: do not change either afterwards.
 *
 * @throws SafetensorsError naming the tensor, for a bad header, ranges with holes or overlaps, a size that does not
 *   match, or an I64 value beyond 32 bits
 */
export function readSafetensors(bytes: Uint8Array): SafetensorsFile {
  const { entries, metadata, dataStart } = readHeader(bytes);
  const tensors = new Map<string, SafeTensor>();
  for (const { name, dtype, shape, begin, end } of entries) {
    const stored = bytes.subarray(dataStart + begin, dataStart + end);
    tensors.set(name, { shape, ...readElements(dtype, stored, (message) => new SafetensorsError(message, name)) });
  }
  return { tensors, metadata };
}

const arrayOf = { F32: Float32Array, F64: Float64Array, I32: Int32Array, U8: Uint8Array, BOOL: Uint8Array } as const;

/**
 * Writes a file with these tensors. Those with wide elements come first, otherwise in the order given, so that every
 * tensor is aligned; the same input gives the same bytes.
 *
 * @param metadata strings to store with the tensors, such as a format version
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
  // Spaces after the JSON align the data to a multiple of 8.
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
    throw new SafetensorsError(`has dtype ${dtype}, but its data is not of type ${arrayOf[dtype].name}`, name);
  }
  const size = shape.reduce((product, axis) => product * axis, 1);
  if (size !== data.length) {
    throw new SafetensorsError(`has ${data.length} elements, but shape [${shape}] needs ${size}`, name);
  }
}
