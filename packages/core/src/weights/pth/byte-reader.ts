/** Reads a checkpoint's bytes in order, never beyond their end. */

/** Thrown when a file is not a readable PyTorch checkpoint; the message says where and what was expected. */
export class PthError extends Error {
  override name = 'PthError';
}

/**
 * A position in bytes that advances with every read. Numbers are little-endian. Every read throws PthError at the end.
 */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  position: number;

  constructor(bytes: Uint8Array, position = 0) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.position = position;
  }

  u8(): number {
    return this.#view.getUint8(this.#advance(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#advance(2), true);
  }

  u32(): number {
    return this.#view.getUint32(this.#advance(4), true);
  }

  i32(): number {
    return this.#view.getInt32(this.#advance(4), true);
  }

  /** Reads an unsigned 64-bit number. One beyond 2^53 cannot be a size or a position in any file. */
  u64(): number {
    const value = this.#view.getBigUint64(this.#advance(8), true);
    if (value > Number.MAX_SAFE_INTEGER)
      throw new PthError(`byte ${this.position - 8}: the size ${value} is too large`);
    return Number(value);
  }

  f64BigEndian(): number {
    return this.#view.getFloat64(this.#advance(8), false);
  }

  /** The next bytes, as a view. */
  take(count: number): Uint8Array {
    const start = this.#advance(count);
    return this.#bytes.subarray(start, start + count);
  }

  /** Reads text up to a line feed, which is skipped. */
  line(): string {
    const end = this.#bytes.indexOf(0x0a, this.position);
    if (end < 0) throw new PthError(`byte ${this.position}: a line does not end: the file is cut off or damaged`);
    const text = decodeText(this.take(end - this.position));
    this.position += 1;
    return text;
  }

  #advance(count: number): number {
    const start = this.position;
    if (start < 0 || count > this.#bytes.length - start) {
      const left = Math.max(0, this.#bytes.length - start);
      throw new PthError(`byte ${start}: expected ${count} more bytes, found ${left}: the file is cut off or damaged`);
    }
    this.position = start + count;
    return start;
  }
}

/**
 * Decodes UTF-8.
 *
 * @throws PthError if the bytes are not UTF-8
 */
export function decodeText(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new PthError('a text is not UTF-8: the file is damaged');
  }
}
