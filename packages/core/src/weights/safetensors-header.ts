/** The header of a safetensors file: names, types, shapes and byte ranges, checked against the size of the file. */
import { bytesPerElement, type StoredDtype } from './elements.ts';

/** Thrown when a file is not a valid safetensors file, or tensors cannot be written as one. */
export class SafetensorsError extends Error {
  override name = 'SafetensorsError';
  /** Name of the tensor at fault, if the error concerns one tensor. */
  readonly tensor: string | undefined;

  constructor(message: string, tensor?: string) {
    super(tensor === undefined ? `safetensors: ${message}` : `safetensors: tensor '${tensor}' ${message}`);
    this.tensor = tensor;
  }
}

/** The description of one tensor. */
export interface HeaderEntry {
  readonly name: string;
  readonly dtype: StoredDtype;
  readonly shape: readonly number[];
  /** First byte, counted from the start of the data. */
  readonly begin: number;
  /** One past the last byte. */
  readonly end: number;
}

/** The contents of a header. */
export interface Header {
  readonly entries: readonly HeaderEntry[];
  readonly metadata: Readonly<Record<string, string>>;
  /** Position in the file at which the data starts. */
  readonly dataStart: number;
}

/** The reference implementation's limit; a greater length is never that of a real header. */
const largestHeader = 100_000_000;

export const metadataKey = '__metadata__';

/**
 * Reads and checks the header: its length, the JSON, every entry, and that the byte ranges cover the data without holes
 * or overlaps.
 *
 * @throws SafetensorsError if any of this is wrong
 */
export function readHeader(bytes: Uint8Array): Header {
  const { values, dataStart } = parseHeader(bytes);
  const entries: HeaderEntry[] = [];
  let metadata: Record<string, string> = {};
  for (const [name, value] of Object.entries(values)) {
    if (name === metadataKey) metadata = readMetadata(value);
    else entries.push(readEntry(name, value));
  }
  requireNoHoles(entries, bytes.length - dataStart);
  return { entries, metadata, dataStart };
}

function parseHeader(bytes: Uint8Array): { values: object; dataStart: number } {
  if (bytes.length < 8) {
    throw new SafetensorsError(`the file has ${bytes.length} bytes, fewer than the 8 of the header's length`);
  }
  const declared = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
  if (declared > BigInt(Math.min(largestHeader, bytes.length - 8))) {
    throw new SafetensorsError(
      `the header should take ${declared} bytes, but ${bytes.length - 8} follow (and ${largestHeader} is the limit): ` +
        'the file is cut off, or is not a safetensors file',
    );
  }
  const dataStart = 8 + Number(declared);
  let values: unknown;
  try {
    values = JSON.parse(
      new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes.subarray(8, dataStart)),
    );
  } catch (error) {
    throw new SafetensorsError(`the header is not JSON in UTF-8 (${(error as Error).message})`);
  }
  if (!isObject(values)) throw new SafetensorsError('the header is not a JSON object of tensors');
  return { values, dataStart };
}

function readMetadata(value: unknown): Record<string, string> {
  if (!isObject(value) || !Object.values(value).every((item) => typeof item === 'string')) {
    throw new SafetensorsError(`${metadataKey} must be an object of strings`);
  }
  return value as Record<string, string>;
}

function readEntry(name: string, value: unknown): HeaderEntry {
  if (!isObject(value)) throw new SafetensorsError('must be described by an object', name);
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== 'string' || !Object.hasOwn(bytesPerElement, dtype)) {
    const known = Object.keys(bytesPerElement).join(', ');
    throw new SafetensorsError(`has dtype ${shorten(dtype)}, which cannot be read: expected one of ${known}`, name);
  }
  if (!isSizes(shape)) throw new SafetensorsError(`has shape ${shorten(shape)}: expected whole numbers >= 0`, name);
  const [begin, end] = isSizes(offsets) && offsets.length === 2 ? offsets : [];
  if (begin === undefined || end === undefined || begin > end) {
    throw new SafetensorsError(`has data_offsets ${shorten(offsets)}: expected [begin, end] in bytes`, name);
  }
  const size = shape.reduce((product, axis) => product * axis, 1) * bytesPerElement[dtype as StoredDtype];
  // The product of huge axes may be Infinity or, times a zero axis, NaN: neither equals a byte range.
  if (size !== end - begin) {
    throw new SafetensorsError(`takes ${end - begin} bytes, but ${dtype} ${shorten(shape)} needs ${size}`, name);
  }
  return { name, dtype: dtype as StoredDtype, shape, begin, end };
}

function requireNoHoles(entries: readonly HeaderEntry[], dataSize: number): void {
  const inOrder = [...entries].sort((a, b) => a.begin - b.begin || a.end - b.end);
  let covered = 0;
  for (const { name, begin, end } of inOrder) {
    if (begin !== covered) {
      const what = begin > covered ? `leaves a hole before it` : `overlaps the tensor before it`;
      throw new SafetensorsError(`starts at byte ${begin} of the data, expected ${covered}: it ${what}`, name);
    }
    if (end > dataSize) {
      throw new SafetensorsError(`ends at byte ${end}, but the data has ${dataSize}: the file is cut off`, name);
    }
    covered = end;
  }
  if (covered !== dataSize) {
    throw new SafetensorsError(`the data has ${dataSize} bytes, but the tensors take ${covered}: bytes are left over`);
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const isSizes = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && item >= 0);

/** Formats a value from the file for a message, shortened if it is long. */
function shorten(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
